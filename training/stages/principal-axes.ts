// Principal axes of vectors: the directions in which they vary most, and by how much.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";

export interface PrincipalAxes {
  /** [dim]. */
  readonly mean: Float64Array;
  /** Orthonormal, most important first, dim of them. */
  readonly axes: readonly Float64Array[];
  /** Standard deviation along each axis. */
  readonly deviations: readonly number[];
}

/** Vectors that axes are taken from; more change them little. */
const SAMPLE = 10_000;

/** @param vectors float32 [n, dim], n ≥ 1 */
export function principalAxes(vectors: Float32Array, dim: number): PrincipalAxes {
  const count = vectors.length / dim;
  const rows = Math.min(count, SAMPLE);
  const rowAt = (r: number) => {
    const start = Math.floor((r * count) / rows) * dim;
    return vectors.subarray(start, start + dim);
  };
  const mean = new Float64Array(dim);
  for (let r = 0; r < rows; r++) for (const [d, value] of rowAt(r).entries()) mean[d] += value / rows;
  const covariance = Array.from({ length: dim }, () => new Float64Array(dim));
  const centered = new Float64Array(dim);
  for (let r = 0; r < rows; r++) {
    const row = rowAt(r);
    for (let d = 0; d < dim; d++) centered[d] = row[d] - mean[d];
    for (let a = 0; a < dim; a++) {
      const [line, factor] = [covariance[a], centered[a] / rows];
      for (let b = a; b < dim; b++) line[b] += factor * centered[b];
    }
  }
  for (let a = 0; a < dim; a++) for (let b = 0; b < a; b++) covariance[a][b] = covariance[b][a];
  const decomposition = new EigenvalueDecomposition(new Matrix(covariance), { assumeSymmetric: true });
  const variances = decomposition.realEigenvalues;
  const order = variances.map((_, i) => i).sort((a, b) => variances[b] - variances[a]);
  return {
    mean,
    axes: order.map((i) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(i))),
    deviations: order.map((i) => Math.sqrt(Math.max(variances[i], 0))),
  };
}

/** Axes along which vectors vary less than this share of the first are noise of the arithmetic. */
const NEGLIGIBLE = 1e-4;

/**
 * Vectors on their principal axes, each axis divided by the square root of its deviation: half-way to whitened, so
 * that a few strong directions do not decide alone which vectors are near.
 * @param vectors float32 [n, dim]
 * @returns float32 [n, kept]
 */
export function halfWhitened(vectors: Float32Array, dim: number): { vectors: Float32Array; dim: number } {
  const { mean, axes, deviations } = principalAxes(vectors, dim);
  const kept = Math.max(1, deviations.filter((deviation) => deviation > NEGLIGIBLE * deviations[0]).length);
  const count = vectors.length / dim;
  const result = new Float32Array(count * kept);
  const centered = new Float64Array(dim);
  for (let r = 0; r < count; r++) {
    for (let d = 0; d < dim; d++) centered[d] = vectors[r * dim + d] - mean[d];
    for (let k = 0; k < kept; k++) {
      const axis = axes[k];
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += axis[d] * centered[d];
      result[r * kept + k] = sum / Math.sqrt(deviations[k] || 1);
    }
  }
  return { vectors: result, dim: kept };
}
