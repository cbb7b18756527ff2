// A picture at another size, next to the same said pixel by pixel.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { resample } from "../../models/resample.ts";

const side = fc.integer({ min: 1, max: 40 });

/** How much of the old pixel `source` the new pixel `at` covers, as a share of the new one. */
function covered(at: number, source: number, step: number): number {
  return Math.max(0, Math.min((at + 1) * step, source + 1) - Math.max(at * step, source)) / step;
}

/** How much of the old pixel `source` is blended into the new pixel `at`, whose middle lies between two old ones. */
function blended(at: number, source: number, step: number, from: number): number {
  const middle = Math.min(Math.max((at + 0.5) * step - 0.5, 0), from - 1);
  return Math.max(0, 1 - Math.abs(middle - source));
}

describe("a picture at another size", () => {
  test("has of each old pixel as much as lies under the new one, or near its middle", () => {
    const picture = side.chain((from) =>
      fc
        .uint8Array({ minLength: from * from * 3, maxLength: from * from * 3 })
        .map((pixels) => ({ from, pixels })),
    );
    fc.assert(
      fc.property(picture, side, ({ from, pixels }, to) => {
        const step = from / to;
        const weight = (at: number, source: number) =>
          step < 1 ? blended(at, source, step, from) : covered(at, source, step);
        const result = resample(pixels, from, to);
        assert.equal(result.length, to * to * 3);
        for (let i = 0; i < result.length; i++) {
          const [x, y] = [Math.floor(i / 3) % to, Math.floor(i / 3 / to)];
          let expected = 0;
          for (let row = 0; row < from; row++) {
            const share = weight(y, row);
            if (share === 0) continue;
            for (let column = 0; column < from; column++) {
              expected += share * weight(x, column) * pixels[(row * from + column) * 3 + (i % 3)];
            }
          }
          assert.ok(Math.abs(result[i] - expected) < 0.501, `${result[i]} instead of ${expected}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("keeps its colour if it is plain", () => {
    fc.assert(
      fc.property(side, side, fc.nat(255), (from, to, value) => {
        const result = resample(new Uint8Array(from * from * 3).fill(value), from, to);
        assert.deepEqual(result, new Uint8Array(to * to * 3).fill(value));
      }),
    );
  });

  test("keeps its mean when it is halved", () => {
    const checker = Uint8Array.from(
      { length: 8 * 8 * 3 },
      (_, i) => (((Math.floor(i / 3) % 8) + Math.floor(i / 24)) % 2) * 200,
    );
    assert.deepEqual(resample(checker, 8, 4), new Uint8Array(4 * 4 * 3).fill(100));
  });

  test("is a copy at its own size", () => {
    const picture = Uint8Array.of(1, 2, 3);
    const copy = resample(picture, 1, 1);
    copy[0] = 9;
    assert.equal(picture[0], 1);
  });
});
