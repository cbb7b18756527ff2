import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Matrix, SVD } from "ml-matrix";
import { principalAxes, project } from "../../models/principal-axes.ts";
import { randomStream } from "../../training/random.ts";
import { halfWhitened } from "../../training/stages/feature-space.ts";

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

const deviationOf = (values: Float32Array) => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
};

const column = (vectors: Float32Array, dim: number, d: number) => vectors.filter((_, at) => at % dim === d);

describe("principal axes", () => {
  const dim = 5;
  const vectors = ellipsoid(4000, dim);
  const { axes, deviations, mean, significant } = principalAxes(vectors, dim);

  test("are orthonormal, the strongest first, with the deviations along them", () => {
    const rows = new Matrix(
      Array.from({ length: dim }, (_, a) => [...axes.subarray(a * dim, (a + 1) * dim)]),
    );
    const products = rows.mmul(rows.transpose());
    assert.ok(products.sub(Matrix.eye(dim)).norm("frobenius") < 1e-9);
    const along = project({ mean, axes }, vectors);
    for (const [i, deviation] of deviations.entries()) {
      assert.ok(Math.abs(deviation / (4 / 2 ** i) - 1) < 0.05, `${deviation}`);
      assert.ok(Math.abs(deviationOf(column(along, dim, i)) / deviation - 1) < 1e-6);
    }
    assert.equal(significant, dim);
  });

  test("agree with a singular value decomposition, for fewer vectors than dimensions too", () => {
    for (const [count, width] of [
      [200, 12],
      [9, 30],
    ]) {
      const random = randomStream("any", count);
      const any = Float32Array.from(
        { length: count * width },
        (_, at) => random.normal() * (1 + (at % width)),
      );
      const found = principalAxes(any, width);
      const centred = Matrix.from1DArray(count, width, any).center("column");
      const singular = new SVD(centred, { autoTranspose: true }).diagonal.sort((a, b) => b - a);
      for (let i = 0; i < found.significant; i++) {
        assert.ok(Math.abs(found.deviations[i] * Math.sqrt(count) - singular[i]) < 1e-6 * singular[0]);
      }
      assert.equal(found.significant, Math.min(width, count - 1));
    }
  });

  test("coordinates are the products with what is left of a vector without the mean, for any number of axes", () => {
    for (let count = 1; count <= dim; count++) {
      const along = project({ mean, axes: axes.subarray(0, count * dim) }, vectors.subarray(0, 7 * dim));
      for (const [at, value] of along.entries()) {
        const [r, a] = [Math.floor(at / count), at % count];
        const expected = mean.reduce((sum, m, d) => sum + axes[a * dim + d] * (vectors[r * dim + d] - m), 0);
        assert.ok(Math.abs(value - expected) < 1e-5, `${value} instead of ${expected}`);
      }
    }
  });

  test("half-whitened, each has the square root of its deviation; what does not vary is dropped", () => {
    const wide = new Float32Array(4000 * (dim + 1)).fill(3);
    for (let r = 0; r < 4000; r++) wide.set(vectors.subarray(r * dim, (r + 1) * dim), r * (dim + 1));
    const half = halfWhitened(wide, dim + 1);
    assert.equal(half.dim, dim);
    for (let k = 0; k < dim; k++) {
      const deviation = deviationOf(column(half.vectors, dim, k));
      assert.ok(Math.abs(deviation / Math.sqrt(deviations[k]) - 1) < 1e-3);
    }
  });

  test("one vector, or equal ones, have no direction and make no NaN", () => {
    for (const count of [1, 3]) {
      const { vectors: half } = halfWhitened(new Float32Array(count * 4).fill(0.3), 4);
      assert.ok(half.every((value) => value === 0));
    }
  });
});
