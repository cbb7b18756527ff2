// Thumbnails and pictures to learn from are made in two ways: both show the same part of an image.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Fit, fits } from "../../models/fit.ts";
import { openPreprocessor } from "../../models/preprocessor.ts";
import { nodeRuntime } from "../../models/runtime.node.ts";
import { buildPreprocess } from "../../training/artifacts/preprocess.ts";
import { makeThumbnail } from "../../training/dataset/thumbnail.ts";

const BACKGROUND = [10, 120, 240] as const;
const SIZE = 48;

/** Waves, of another length along each axis and in each channel, so that any shift or stretch shows. */
function waves(height: number, width: number) {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    return 127 + 120 * Math.sin((7 + channel) * x + (4 - channel) * y * 2);
  });
  return { data, height, width };
}

/** What the encoder sees. */
async function encoderPicture(pixels: ReturnType<typeof waves>, fit: Fit): Promise<Uint8Array> {
  const model = buildPreprocess({ imageSize: SIZE, fit, background: BACKGROUND });
  const preprocessor = await openPreprocessor(model, nodeRuntime, SIZE);
  try {
    return await preprocessor.run(pixels);
  } finally {
    await preprocessor.close();
  }
}

/** Mean difference of two pictures, of 255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

describe("makeThumbnail", () => {
  for (const [height, width] of [
    [300, 500],
    [500, 300],
    [97, 60],
    [30, 20],
  ]) {
    test(`shows what the encoder sees, whatever the fit: ${width} × ${height}`, async () => {
      const pixels = waves(height, width);
      const seen = await Promise.all(fits.map((fit) => encoderPicture(pixels, fit)));
      for (const [i, fit] of fits.entries()) {
        const found = makeThumbnail(pixels, { size: SIZE, fit, background: BACKGROUND });
        const off = seen.map((picture) => difference(picture, found));
        // As much as half a pixel makes, where the two round differently.
        assert.ok(off[i] < 12, `${fit}: off by ${off[i]}`);
        for (const [other, value] of off.entries()) {
          if (other !== i) assert.ok(value > 24, `${fit} looks like ${fits[other]}: ${value}`);
        }
      }
    });
  }

  test("a square of the size wanted stays as it is", () => {
    const pixels = waves(SIZE, SIZE);
    for (const fit of fits) {
      const found = makeThumbnail(pixels, { size: SIZE, fit, background: BACKGROUND });
      assert.deepEqual(found, pixels.data);
    }
  });
});
