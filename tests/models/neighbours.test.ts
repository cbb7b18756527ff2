import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nearest } from "../../models/neighbours.ts";

/** All distances, sorted; whole numbers, so that there are many ties and no rounding. */
function naive(queries: Float32Array, points: Float32Array, dim: number, k: number, exclude?: number[]) {
  const count = points.length / dim;
  return Array.from({ length: queries.length / dim }, (_, q) => {
    const order = Array.from({ length: count }, (_, p) => {
      let square = 0;
      for (let j = 0; j < dim; j++) square += (queries[q * dim + j] - points[p * dim + j]) ** 2;
      return { p, distance: Math.sqrt(square) };
    });
    return order
      .filter(({ p }) => p !== exclude?.[q])
      .sort((a, b) => a.distance - b.distance || a.p - b.p)
      .slice(0, k);
  });
}

const problem = fc
  .record({
    dim: fc.constantFrom(1, 2, 3, 17, 40),
    k: fc.integer({ min: 1, max: 12 }),
    points: fc.integer({ min: 1, max: 30 }),
    queries: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ dim, k, points, queries }) => {
    const vectors = (n: number) =>
      fc
        .array(fc.integer({ min: -2, max: 2 }), { minLength: n * dim, maxLength: n * dim })
        .map((values) => Float32Array.from(values));
    const left = fc.array(fc.integer({ min: 0, max: points - 1 }), {
      minLength: queries,
      maxLength: queries,
    });
    return fc.record({
      dim: fc.constant(dim),
      k: fc.constant(k),
      points: vectors(points),
      queries: vectors(queries),
      exclude: fc.option(left, { nil: undefined }),
    });
  });

describe("nearest neighbours", () => {
  test("are those that sorting all distances gives, ties by index, the left-out point absent", () => {
    fc.assert(
      fc.property(problem, ({ dim, k, points, queries, exclude }) => {
        const found = nearest(queries, points, { dim, k, exclude });
        const expected = naive(queries, points, dim, k, exclude);
        assert.equal(found.k, expected[0].length);
        assert.deepEqual(
          Array.from(found.indices),
          expected.flat().map(({ p }) => p),
        );
        assert.deepEqual(
          Array.from(found.distances),
          expected.flat().map(({ distance }) => distance),
        );
      }),
    );
  });

  test("fewer points than k give all of them", () => {
    const points = Float32Array.of(5, 1, 3);
    assert.deepEqual(nearest(Float32Array.of(0), points, { dim: 1, k: 10 }), {
      k: 3,
      indices: Int32Array.of(1, 2, 0),
      distances: Float64Array.of(1, 3, 5),
    });
    assert.equal(nearest(Float32Array.of(0), Float32Array.of(1), { dim: 1, k: 3, exclude: [0] }).k, 0);
  });

  test("k must be a positive whole number", () => {
    for (const k of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => nearest(Float32Array.of(0), Float32Array.of(1), { dim: 1, k }), RangeError);
    }
  });
});
