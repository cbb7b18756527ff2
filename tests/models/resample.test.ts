// A picture at another size, next to the same said pixel by pixel.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { resample, resampleWindow, shrinkWindow } from "../../models/resample.ts";

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

/** A picture of any size, a part of it, and what size the part shall have. */
const part = fc
  .record({
    width: side,
    height: side,
    toWidth: fc.integer({ min: 1, max: 20 }),
    toHeight: fc.integer({ min: 1, max: 20 }),
  })
  .chain((sizes) =>
    fc.record({
      sizes: fc.constant(sizes),
      data: fc.uint8Array({
        minLength: sizes.width * sizes.height * 3,
        maxLength: sizes.width * sizes.height * 3,
      }),
      // In halves of a pixel, as where a square is cut out of the middle.
      left: fc.nat(2 * sizes.width - 2).map((half) => half / 2),
      top: fc.nat(2 * sizes.height - 2).map((half) => half / 2),
    }),
  )
  .map(({ sizes, data, left, top }) => {
    const { width, height, toWidth, toHeight } = sizes;
    const window = { left, top, width: width - left, height: height - top };
    return { pixels: { data, width, height }, window, toWidth, toHeight };
  });

describe("a part of a picture at another size", () => {
  test("is what the part would be as a picture of its own, twice as large so that halves are whole", () => {
    fc.assert(
      fc.property(part, ({ pixels, window, toWidth, toHeight }) => {
        fc.pre(window.width >= toWidth && window.height >= toHeight); // enlarged, pixels twice as large blend otherwise
        const found = resampleWindow(pixels, window, toWidth, toHeight);
        const [wide, high] = [2 * window.width, 2 * window.height];
        const twice = new Uint8Array(wide * high * 3);
        for (let y = 0; y < high; y++) {
          for (let x = 0; x < wide; x++) {
            const [column, row] = [window.left + x / 2, window.top + y / 2].map(Math.floor);
            const from = (row * pixels.width + column) * 3;
            twice.set(pixels.data.subarray(from, from + 3), (y * wide + x) * 3);
          }
        }
        const whole = { left: 0, top: 0, width: wide, height: high };
        const expected = resampleWindow({ data: twice, width: wide, height: high }, whole, toWidth, toHeight);
        for (const [i, value] of expected.entries()) assert.ok(Math.abs(found[i] - value) <= 1);
      }),
    );
  });

  test("shrunk: what lies under whole pixels where they divide evenly, and else nothing from farther than one", () => {
    fc.assert(
      fc.property(part, ({ pixels, window, toWidth, toHeight }) => {
        const [acrossX, acrossY] = [window.width / toWidth, window.height / toHeight];
        fc.pre(acrossX >= 2 && acrossY >= 2);
        const found = shrinkWindow(pixels, window, toWidth, toHeight);
        assert.equal(found.length, toWidth * toHeight * 3);
        const even = [window.left, window.top, acrossX, acrossY].every(Number.isInteger);
        if (even) {
          const exact = resampleWindow(pixels, window, toWidth, toHeight);
          for (const [i, value] of exact.entries()) assert.ok(Math.abs(found[i] - value) <= 1);
        }
        for (let i = 0; i < found.length; i++) {
          const [x, y] = [Math.floor(i / 3) % toWidth, Math.floor(i / 3 / toWidth)];
          const near = (pixel: number, at: number, start: number, across: number) =>
            pixel + 1 > start + at * across - 1 && pixel < start + (at + 1) * across + 1;
          const values: number[] = [];
          for (let row = 0; row < pixels.height; row++) {
            if (!near(row, y, window.top, acrossY)) continue;
            for (let column = 0; column < pixels.width; column++) {
              if (!near(column, x, window.left, acrossX)) continue;
              values.push(pixels.data[(row * pixels.width + column) * 3 + (i % 3)]);
            }
          }
          assert.ok(found[i] >= Math.min(...values) && found[i] <= Math.max(...values));
        }
      }),
    );
  });
});
