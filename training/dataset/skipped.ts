/** What could not be used, and why. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}
