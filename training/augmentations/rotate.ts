// Rotation of a square picture about its centre.

/** Red, green and blue, 0 … 255. */
export type Color = readonly [red: number, green: number, blue: number];

/**
 * Rotates the picture [S, S, 3] that starts at `source[at]` counter-clockwise by an angle in radians, bilinearly.
 * The result [S, S, 3], rounded to 8 bits, is overwritten by the next call.
 */
export type Rotator = (source: Uint8Array, at: number, angle: number) => Uint8Array;

/**
 * A rotator with its own scratch memory, so that a rotation allocates nothing.
 * @param size side S of the pictures, in pixels
 * @param fill what comes in from outside the picture
 */
export function rotator(size: number, fill: Color): Rotator {
  // The picture in a frame of the fill colour, one pixel wide before and two behind. Positions further out are
  // moved into the frame, so every position has its four neighbours and no pixel needs a test.
  const side = size + 3;
  const framed = Uint8Array.from({ length: side * side * 3 }, (_, i) => Math.round(fill[i % 3]));
  const rotated = new Uint8Array(size * size * 3);
  const centre = (size - 1) / 2;

  return (source, at, angle) => {
    for (let y = 0; y < size; y++) {
      const from = at + y * size * 3;
      const to = ((y + 1) * side + 1) * 3;
      for (let i = 0; i < size * 3; i++) framed[to + i] = source[from + i];
    }
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    for (let y = 0, i = 0; y < size; y++) {
      for (let x = 0; x < size; x++, i += 3) {
        const fromX = 1 + centre + cos * (x - centre) - sin * (y - centre);
        const fromY = 1 + centre + sin * (x - centre) + cos * (y - centre);
        const insideX = Math.min(Math.max(fromX, 0), size + 1);
        const insideY = Math.min(Math.max(fromY, 0), size + 1);
        const column = Math.floor(insideX);
        const row = Math.floor(insideY);
        const wx = insideX - column;
        const wy = insideY - row;
        const above = (row * side + column) * 3;
        const below = above + side * 3;
        for (let c = 0; c < 3; c++) {
          const upper = framed[above + c] + (framed[above + 3 + c] - framed[above + c]) * wx;
          const lower = framed[below + c] + (framed[below + 3 + c] - framed[below + c]) * wx;
          rotated[i + c] = upper + (lower - upper) * wy + 0.5;
        }
      }
    }
    return rotated;
  };
}
