// Finding points by place, against looking at all of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PlaneIndex } from "../../models/plane-index.ts";

/** Few different numbers, so that points coincide and lie on lines. */
const coordinate = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -1e4, max: 1e4, noNaN: true }));
const spot = fc.tuple(coordinate, coordinate);
const pointsOf = (spots: readonly (readonly number[])[], dim: 2 | 3 = 2) => ({
  count: spots.length,
  dim,
  coordinates: Float32Array.from(spots.flatMap(([x, y]) => (dim === 2 ? [x, y] : [x, y, 7]))),
});

describe("an index of the plane", () => {
  test("finds the nearest, nearest first, the first of equally near ones first", () => {
    fc.assert(
      fc.property(
        fc.array(spot, { maxLength: 60 }),
        spot,
        fc.integer({ min: 0, max: 70 }),
        fc.constantFrom(2, 3),
        (spots, [x, y], k, dim) => {
          const points = pointsOf(spots, dim as 2 | 3);
          const all = spots.map((_, index) => {
            const [px, py] = points.coordinates.subarray(index * dim);
            return { index, distance: Math.hypot(px - x, py - y) };
          });
          const expected = all.sort((a, b) => a.distance - b.distance || a.index - b.index).slice(0, k);
          assert.deepEqual(new PlaneIndex(points).nearest(x, y, k), expected);
        },
      ),
    );
  });

  test("finds all in a rectangle, edges included, in order", () => {
    fc.assert(
      fc.property(fc.array(spot, { maxLength: 60 }), spot, spot, (spots, a, b) => {
        const points = pointsOf(spots);
        const [minX, maxX] = [a[0], b[0]].map(Math.fround).sort((p, q) => p - q);
        const [minY, maxY] = [a[1], b[1]].map(Math.fround).sort((p, q) => p - q);
        const expected = spots.flatMap((_, i) => {
          const [x, y] = points.coordinates.subarray(2 * i);
          return x >= minX && x <= maxX && y >= minY && y <= maxY ? [i] : [];
        });
        assert.deepEqual(new PlaneIndex(points).within(minX, minY, maxX, maxY), expected);
      }),
    );
  });

  test("never finds points without a place, and nothing near no place", () => {
    const index = new PlaneIndex(
      pointsOf([
        [Number.NaN, 0],
        [1, 1],
        [0, Number.POSITIVE_INFINITY],
      ]),
    );
    assert.deepEqual(
      index.nearest(0, 0, 5).map((near) => near.index),
      [1],
    );
    assert.deepEqual(index.within(-10, -10, 10, 10), [1]);
    assert.deepEqual(index.nearest(Number.NaN, 0, 5), []);
    assert.deepEqual(new PlaneIndex(pointsOf([[Number.NaN, 1]])).nearest(0, 0, 1), []);
  });

  test("finds the nearest of a spot far outside", () => {
    const index = new PlaneIndex(
      pointsOf([
        [0, 0],
        [1, 0],
      ]),
    );
    assert.deepEqual(index.nearest(1e12, 0, 1), [{ index: 1, distance: 1e12 - 1 }]);
  });
});
