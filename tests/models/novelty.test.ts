import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nearest } from "../../models/neighbours.ts";
import { distanceQuantiles, meanDistances, novelty } from "../../models/novelty.ts";

const distances = fc
  .array(fc.float({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 3000 })
  .map((values) => Float32Array.from(values));

describe("novelty", () => {
  test("rises with the distance, from 0 below all training images to 1 above all", () => {
    fc.assert(
      fc.property(
        distances,
        fc.float({ min: 0, max: 2000, noNaN: true }),
        fc.float({ min: 0, max: 2000, noNaN: true }),
        (d, a, b) => {
          const quantiles = distanceQuantiles(d);
          const [low, high] = [Math.min(a, b), Math.max(a, b)].map((x) => novelty(x, quantiles));
          assert.ok(low >= 0 && low <= high && high <= 1, `${low} ${high}`);
          assert.equal(novelty(Math.max(...d) + 1, quantiles), 1);
          assert.equal(novelty(-1, quantiles), 0);
        },
      ),
    );
  });

  test("is the share of training images that lie closer, to a thousandth", () => {
    const d = Float32Array.from({ length: 5001 }, (_, i) => Math.sqrt(i));
    const quantiles = distanceQuantiles(d);
    for (let i = 0; i <= 5000; i += 13)
      assert.ok(Math.abs(novelty(Math.sqrt(i), quantiles) - i / 5000) < 1e-3);
  });

  test("images that are all equally far from each other are ordinary", () => {
    const quantiles = distanceQuantiles(new Float32Array(50).fill(3));
    assert.equal(novelty(Math.fround(3), quantiles), 0.5);
    assert.equal(novelty(3.1, quantiles), 1);
    assert.equal(novelty(2.9, quantiles), 0);
  });

  test("the mean runs over a query's neighbours", () => {
    const found = nearest(Float32Array.of(0, 10), Float32Array.of(1, 3, 10), { dim: 1, k: 2 });
    assert.deepEqual(Array.from(meanDistances(found)), [2, 3.5]);
    assert.equal(
      meanDistances({ k: 0, indices: new Int32Array(0), distances: new Float64Array(0) }).length,
      0,
    );
  });
});
