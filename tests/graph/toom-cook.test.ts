import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { correlation, type Matrix } from "../../training/graph/ops/toom-cook.ts";

const times = (m: Matrix, x: readonly number[]) =>
  m.map((row) => row.reduce((sum, value, i) => sum + value * x[i], 0));

test("a correlation from few products is the sum over the taps", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
      (m, taps, step, numbers) => {
        fc.pre(m + Math.ceil(taps / step) - 1 <= 8);
        const take = (count: number) => Array.from({ length: count }, () => numbers.next().value);
        const [x, w] = [take(step * (m - 1) + taps), take(taps)];
        const { input, kernel, output } = correlation(m, taps, step);
        const kernelParts = times(kernel, w);
        const y = times(
          output,
          times(input, x).map((value, i) => value * kernelParts[i]),
        );
        assert.equal(y.length, m);
        y.forEach((value, k) => {
          const expected = w.reduce((sum, tap, i) => sum + tap * x[step * k + i], 0);
          assert.ok(Math.abs(value - expected) < 1e-11, `${m} outputs of ${taps} taps, step ${step}`);
        });
      },
    ),
  );
});

test("it takes as few products as Winograd's", () => {
  for (const [m, taps, step, products] of [
    [4, 3, 1, 6],
    [2, 3, 1, 4],
    [4, 3, 2, 9], // 4 + 2 − 1 for the even taps, 4 for the odd one
    [4, 1, 2, 4],
    [1, 3, 1, 3],
  ]) {
    assert.equal(correlation(m, taps, step).kernel.length, products);
  }
});

test("points run out with a word", () => {
  assert.throws(() => correlation(4, 6), /no points for 4 outputs of 6 taps/);
});
