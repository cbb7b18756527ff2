// The resize as a graph, against the same resize written out in double precision.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Fit, fits } from "../../models/fit.ts";
import { nodeRuntime } from "../../models/runtime.node.ts";
import { buildPreprocess } from "../../training/artifacts/preprocess.ts";
import { randomStream } from "../../training/random.ts";

const BACKGROUND = [10, 120, 240] as const;

function picture(height: number, width: number, seed: number) {
  const random = randomStream("picture", seed);
  return { height, width, data: Uint8Array.from({ length: height * width * 3 }, () => random.integer(256)) };
}

async function run(imageSize: number, fit: Fit, pixels: ReturnType<typeof picture>): Promise<Uint8Array> {
  const model = buildPreprocess({ imageSize, fit, background: BACKGROUND });
  const session = await nodeRuntime.createSession(model);
  try {
    const { data, height, width } = pixels;
    const results = await session.run({ pixels: new nodeRuntime.Tensor("uint8", data, [height, width, 3]) });
    return results.image.data as Uint8Array;
  } finally {
    await session.release();
  }
}

/** Weights of the input pixels for output pixel i along one axis, and how much of it lies in the picture. */
function axis(size: number, window: number, s: number, i: number) {
  const step = window / s;
  const center = (i + 0.5) * step + (size - window) / 2;
  const reach = Math.max(step, 1);
  const weights = Array.from({ length: size }, (_, j) => Math.max(0, 1 - Math.abs(j + 0.5 - center) / reach));
  const sum = weights.reduce((a, b) => a + b, 0);
  const inside = Math.min(center + step / 2, size) - Math.max(center - step / 2, 0);
  return { weights: weights.map((w) => (sum > 0 ? w / sum : 0)), coverage: Math.max(0, inside / step) };
}

function reference(s: number, fit: Fit, { height, width, data }: ReturnType<typeof picture>): number[] {
  const side = fit === "cover" ? Math.min(height, width) : Math.max(height, width);
  const result: number[] = [];
  for (let y = 0; y < s; y++) {
    const row = axis(height, fit === "fill" ? height : side, s, y);
    for (let x = 0; x < s; x++) {
      const column = axis(width, fit === "fill" ? width : side, s, x);
      for (let c = 0; c < 3; c++) {
        let value = 0;
        for (let i = 0; i < height; i++) {
          if (row.weights[i] === 0) continue;
          for (let j = 0; j < width; j++)
            value += row.weights[i] * column.weights[j] * data[(i * width + j) * 3 + c];
        }
        const coverage = fit === "contain" ? row.coverage * column.coverage : 1;
        result.push(coverage * value + (1 - coverage) * BACKGROUND[c]);
      }
    }
  }
  return result;
}

describe("preprocess.onnx", () => {
  test("a picture of S × S passes unchanged, whatever the fit", async () => {
    for (const fit of fits) {
      const pixels = picture(24, 24, 1);
      assert.deepEqual(await run(24, fit, pixels), pixels.data);
    }
  });

  const side = fc.integer({ min: 1, max: 60 });
  test("agrees with the resize in double precision, to the rounding of a half", async () => {
    await fc.assert(
      fc.asyncProperty(side, side, fc.constantFrom(...fits), fc.constantFrom(8, 17), async (h, w, fit, s) => {
        const pixels = picture(h, w, h * 100 + w);
        const expected = reference(s, fit, pixels);
        const found = await run(s, fit, pixels);
        for (const [i, value] of expected.entries()) {
          assert.ok(
            Math.abs(found[i] - value) <= 0.501,
            `${fit} ${h} × ${w}: ${found[i]} instead of ${value}`,
          );
        }
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  test("one pixel, one row and one column fill the square", async () => {
    for (const [h, w] of [
      [1, 1],
      [1, 100],
      [100, 1],
    ]) {
      const pixels = { height: h, width: w, data: new Uint8Array(h * w * 3).fill(77) };
      for (const fit of ["cover", "fill"] as const) {
        assert.deepEqual(await run(8, fit, pixels), new Uint8Array(8 * 8 * 3).fill(77));
      }
    }
  });

  test("contain puts the background around an oblong picture, and the picture stays whole", async () => {
    const found = await run(8, "contain", { height: 4, width: 8, data: new Uint8Array(4 * 8 * 3).fill(200) });
    const row = (y: number) => Array.from(found.subarray(y * 24, y * 24 + 3));
    assert.deepEqual([0, 1, 2, 5, 6, 7].map(row), [
      [...BACKGROUND],
      [...BACKGROUND],
      [200, 200, 200],
      [200, 200, 200],
      [...BACKGROUND],
      [...BACKGROUND],
    ]);
  });
});
