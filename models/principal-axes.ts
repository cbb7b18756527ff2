// Principal axes of vectors: the directions in which they vary most, and by how much.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Directions seen from a point. */
export interface Axes {
  /** The point: [dim]. */
  readonly mean: ArrayLike<number>;
  /** One a row: [count, dim]. */
  readonly axes: Float64Array;
}

export interface PrincipalAxes extends Axes {
  readonly mean: Float64Array;
  /** Orthonormal, most important first: [dim, dim]. */
  readonly axes: Float64Array;
  /** Standard deviation along each axis. */
  readonly deviations: Float64Array;
  /** So many of the axes are more than noise of the arithmetic; one at least. */
  readonly significant: number;
}

/** Vectors that axes are taken from; more change them little. */
const SAMPLE = 10_000;
/** Axes along which vectors vary less than this share of the first are noise of the arithmetic. */
const NEGLIGIBLE = 1e-4;

/** @param vectors float32 [n, dim], n ≥ 1; of more than 10,000 as many are taken from all over */
export function principalAxes(vectors: Float32Array, dim: number): PrincipalAxes {
  const rows = spreadRows(vectors, dim, SAMPLE);
  const count = rows.length / dim;
  const mean = new Float64Array(dim);
  for (let at = 0; at < rows.length; at++) mean[at % dim] += rows[at] / count;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    new Matrix(covariance(rows, mean)),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const deviations = Float64Array.from(order, (i) => Math.sqrt(Math.max(realEigenvalues[i], 0)));
  const axes = new Float64Array(dim * dim);
  for (const [row, i] of order.entries()) axes.set(eigenvectorMatrix.getColumn(i), row * dim);
  const significant = deviations.filter((deviation) => deviation > NEGLIGIBLE * deviations[0]).length;
  return { mean, axes, deviations, significant: Math.max(1, significant) };
}

/** At most so many rows of [n, dim], from all over. */
export function spreadRows(vectors: Float32Array, dim: number, most: number): Float32Array {
  const count = vectors.length / dim;
  if (count <= most) return vectors;
  const rows = new Float32Array(most * dim);
  for (let r = 0; r < most; r++) {
    const from = Math.floor((r * count) / most) * dim;
    rows.set(vectors.subarray(from, from + dim), r * dim);
  }
  return rows;
}

/**
 * Coordinates of vectors along axes.
 * @param vectors float32 [n, dim]
 * @returns float32 [n, count of the axes]
 */
export function project({ mean, axes }: Axes, vectors: Float32Array): Float32Array {
  const dim = mean.length;
  const count = axes.length / dim;
  const coordinates = new Float32Array((vectors.length / dim) * count);
  const centered = new Float64Array(dim);
  for (let from = 0, at = 0; from < vectors.length; from += dim, at += count) {
    for (let d = 0; d < dim; d++) centered[d] = vectors[from + d] - mean[d];
    rowProducts(axes, centered, coordinates.subarray(at, at + count));
  }
  return coordinates;
}

/** The products of a vector with each row of [count, dim]. */
function rowProducts(rows: Float64Array, vector: Float64Array, into: Float32Array): void {
  const dim = vector.length;
  const count = into.length;
  let a = 0;
  // Four sums at a time, which do not wait for each other.
  for (; a + 4 <= count; a += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let d = 0, at = a * dim; d < dim; d++, at++) {
      const value = vector[d];
      s0 += value * rows[at];
      s1 += value * rows[at + dim];
      s2 += value * rows[at + 2 * dim];
      s3 += value * rows[at + 3 * dim];
    }
    into[a] = s0;
    into[a + 1] = s1;
    into[a + 2] = s2;
    into[a + 3] = s3;
  }
  for (; a < count; a++) {
    let sum = 0;
    for (let d = 0, at = a * dim; d < dim; d++, at++) sum += vector[d] * rows[at];
    into[a] = sum;
  }
}

function covariance(rows: Float32Array, mean: Float64Array): Float64Array[] {
  const dim = mean.length;
  const count = rows.length / dim;
  const products = Array.from({ length: dim }, () => new Float64Array(dim));
  const centered = new Float64Array(dim);
  for (let from = 0; from < rows.length; from += dim) {
    for (let d = 0; d < dim; d++) centered[d] = rows[from + d] - mean[d];
    for (let a = 0; a < dim; a++) {
      const [line, factor] = [products[a], centered[a] / count];
      for (let b = a; b < dim; b++) line[b] += factor * centered[b];
    }
  }
  for (let a = 0; a < dim; a++) for (let b = 0; b < a; b++) products[a][b] = products[b][a];
  return products;
}
