/** The pictures of a data set, one at a time. */
export interface PictureReader {
  /** Side S of every picture, in pixels. */
  readonly size: number;
  /** Copies a picture, uint8 [S, S, 3], to the start of `into`. */
  read(index: number, into: Uint8Array): void | Promise<void>;
}
