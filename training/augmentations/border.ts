// The colour that surrounds the pictures of a data set.

import type { Color } from "./rotate.ts";

/**
 * Mean colour of the outermost pixels of all pictures; black where there are none.
 * @param pictures each uint8 [size, size, 3]
 */
export function meanBorderColor(pictures: Iterable<Uint8Array>, size: number): Color {
  const sums = [0, 0, 0];
  let count = 0;
  for (const picture of pictures) {
    for (let y = 0; y < size; y++) {
      const step = y === 0 || y === size - 1 ? 1 : Math.max(size - 1, 1);
      for (let x = 0; x < size; x += step, count++) {
        for (let c = 0; c < 3; c++) sums[c] += picture[(y * size + x) * 3 + c];
      }
    }
  }
  const mean = (sum: number) => (count === 0 ? 0 : sum / count);
  return [mean(sums[0]), mean(sums[1]), mean(sums[2])];
}
