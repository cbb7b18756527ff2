import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { randomStream } from "../../training/random.ts";
import { halfWhitened, principalAxes } from "../../training/stages/principal-axes.ts";

/** Vectors in `dim` dimensions whose deviation along hidden orthogonal directions is 4, 2, 1, ½ … around a mean. */
function ellipsoid(count: number, dim: number): Float32Array {
  const random = randomStream("ellipsoid");
  const vectors = new Float32Array(count * dim);
  for (let r = 0; r < count; r++) {
    const inner = Array.from({ length: dim }, (_, d) => (random.normal() * 4) / 2 ** d);
    for (let d = 0; d < dim; d++) {
      // A Householder reflection turns the hidden axes.
      const projection = inner.reduce((sum, value) => sum + value, 0) / dim;
      vectors[r * dim + d] = 10 * d + inner[d] - 2 * projection;
    }
  }
  return vectors;
}

const deviationOf = (values: readonly number[]) => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
};

describe("principal axes", () => {
  const dim = 5;
  const vectors = ellipsoid(4000, dim);
  const { axes, deviations, mean } = principalAxes(vectors, dim);

  test("are orthonormal, the strongest first, with the deviations along them", () => {
    for (const [i, a] of axes.entries()) {
      for (const [j, b] of axes.entries()) {
        const dot = a.reduce((sum, value, d) => sum + value * b[d], 0);
        assert.ok(Math.abs(dot - (i === j ? 1 : 0)) < 1e-9);
      }
    }
    for (const [i, deviation] of deviations.entries()) {
      assert.ok(Math.abs(deviation / (4 / 2 ** i) - 1) < 0.05, `${deviation}`);
      const along = Array.from({ length: 4000 }, (_, r) =>
        axes[i].reduce((sum, value, d) => sum + value * (vectors[r * dim + d] - mean[d]), 0),
      );
      assert.ok(Math.abs(deviationOf(along) / deviation - 1) < 1e-6);
    }
  });

  test("half-whitened, each has the square root of its deviation; what does not vary is dropped", () => {
    const wide = new Float32Array(4000 * (dim + 1)).fill(3);
    for (let r = 0; r < 4000; r++) wide.set(vectors.subarray(r * dim, (r + 1) * dim), r * (dim + 1));
    const half = halfWhitened(wide, dim + 1);
    assert.equal(half.dim, dim);
    for (let k = 0; k < dim; k++) {
      const along = Array.from({ length: 4000 }, (_, r) => half.vectors[r * dim + k]);
      assert.ok(Math.abs(deviationOf(along) / Math.sqrt(deviations[k]) - 1) < 1e-3);
    }
  });

  test("one vector, or equal ones, have no direction and make no NaN", () => {
    for (const count of [1, 3]) {
      const { vectors: half } = halfWhitened(new Float32Array(count * 4).fill(0.3), 4);
      assert.ok(half.every((value) => value === 0));
    }
  });
});
