/** A decoded picture: sRGB, 8 bit, no alpha. */
export interface Pixels {
  /** uint8 [height, width, 3], row by row. */
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}
