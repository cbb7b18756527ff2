// Compact feature vectors: the encoder's features, normalised, reduced by PCA to at most 64 dimensions and rounded to
// one byte each. Enough to find neighbours and to tell what is new.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { UserError } from "./errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.ts";

/** Bytes kept of each image, one a dimension. */
export const MAX_COMPACT_DIM = 64;

/** How features become compact vectors: code = round((x / |x| − mean) · basis / scale). */
export interface Compaction {
  /** Features the encoder gives, F. */
  readonly featureDim: number;
  /** Dimensions that are kept, d ≤ 64. */
  readonly dim: number;
  /** [F]. */
  readonly mean: Float32Array;
  /** Principal axes, one a row: [d, F]. */
  readonly basis: Float32Array;
  /** What one unit of a code is worth. */
  readonly scale: number;
}

/** features.safetensors. */
export interface CompactFeatures extends Compaction {
  /** Number of images. */
  readonly count: number;
  /** [count, d]. */
  readonly codes: Int8Array;
  /** Quantiles of the images' mean distances to their nearest, in units of the codes; see novelty.ts. [1001] */
  readonly distanceQuantiles: Float32Array;
}

/** The principal axes are found from about so many numbers, taken from rows all over the data set. */
const SAMPLE_VALUES = 5_000_000;
const SAMPLE_ROWS = 20_000;

/**
 * Fits the compaction to the features of the training images and applies it.
 * @param features float32 [N, F]
 * @returns the compaction and int8 codes [N, d]
 */
export function compactFeatures(
  features: Float32Array,
  featureDim: number,
): { compaction: Compaction; codes: Int8Array } {
  const count = features.length / featureDim;
  const rows = Math.min(count, SAMPLE_ROWS, Math.max(1, Math.floor(SAMPLE_VALUES / featureDim)));
  const sample = new Float64Array(rows * featureDim);
  for (let i = 0; i < rows; i++) {
    sample.set(normalized(features, Math.floor((i * count) / rows), featureDim), i * featureDim);
  }
  const mean = center(sample, featureDim);
  const basis = principalAxes(sample, featureDim, MAX_COMPACT_DIM);
  const unscaled = { featureDim, dim: basis.length / featureDim, mean, basis, scale: 1 };
  const projections = project(unscaled, features);
  const largest = projections.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const compaction = { ...unscaled, scale: largest > 0 ? largest / 127 : 1 };
  return { compaction, codes: Int8Array.from(projections, (value) => Math.round(value / compaction.scale)) };
}

/**
 * Compact vectors of images, in units of the codes. A training image's is equal to its codes; one that lies farther
 * out than they reach keeps its distance.
 * @param features float32 [N, F]
 * @returns whole numbers [N, d]
 */
export function compactQueries(compaction: Compaction, features: Float32Array): Float32Array {
  return project(compaction, features).map((value) => Math.round(value / compaction.scale));
}

/** The bytes of features.safetensors. */
export function encodeFeatures(features: CompactFeatures): Uint8Array {
  const { featureDim, dim, count } = features;
  return encodeSafetensors({
    basis: { dtype: "float32", shape: [dim, featureDim], data: features.basis },
    mean: { dtype: "float32", shape: [featureDim], data: features.mean },
    scale: { dtype: "float64", shape: [1], data: Float64Array.of(features.scale) },
    codes: { dtype: "int8", shape: [count, dim], data: features.codes },
    distance_quantiles: {
      dtype: "float32",
      shape: [features.distanceQuantiles.length],
      data: features.distanceQuantiles,
    },
  });
}

/** Reads features.safetensors. @throws UserError if it is damaged or an array is missing */
export function decodeFeatures(bytes: Uint8Array): CompactFeatures {
  const { tensors } = decodeSafetensors(bytes);
  const basis = tensorOf(tensors, "basis", "float32", 2);
  const mean = tensorOf(tensors, "mean", "float32", 1);
  const scale = tensorOf(tensors, "scale", "float64", 1);
  const codes = tensorOf(tensors, "codes", "int8", 2);
  const quantiles = tensorOf(tensors, "distance_quantiles", "float32", 1);
  const [dim, featureDim] = basis.shape;
  if (mean.data.length !== featureDim || codes.shape[1] !== dim || scale.data.length !== 1) {
    throw new UserError("damaged feature vectors: the arrays do not fit together");
  }
  return {
    featureDim,
    dim,
    mean: mean.data,
    basis: basis.data,
    scale: scale.data[0],
    count: codes.shape[0],
    codes: codes.data,
    distanceQuantiles: quantiles.data,
  };
}

function tensorOf<T extends NamedTensor["dtype"]>(
  tensors: Record<string, NamedTensor>,
  name: string,
  dtype: T,
  rank: number,
): Extract<NamedTensor, { dtype: T }> {
  const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (tensor?.dtype !== dtype || tensor.shape.length !== rank) {
    throw new UserError(`damaged feature vectors: ${name} is missing or of another kind`);
  }
  return tensor as Extract<NamedTensor, { dtype: T }>;
}

/** Row i, of length 1; a row of zeros stays as it is. */
function normalized(features: Float32Array, i: number, dim: number): Float64Array {
  const row = Float64Array.from(features.subarray(i * dim, (i + 1) * dim));
  const length = norm(row);
  if (length > 0) for (let j = 0; j < dim; j++) row[j] /= length;
  return row;
}

/** Takes the mean out of the rows and returns it, rounded as it is stored. */
function center(rows: Float64Array, dim: number): Float32Array {
  const count = rows.length / dim;
  const sums = new Float64Array(dim);
  for (let i = 0; i < rows.length; i++) sums[i % dim] += rows[i];
  const mean = Float32Array.from(sums, (sum) => sum / count);
  for (let i = 0; i < rows.length; i++) rows[i] -= mean[i % dim];
  return mean;
}

/** (x / |x| − mean) · basis of each row: [N, d]. */
function project({ featureDim, dim, mean, basis }: Compaction, features: Float32Array): Float32Array {
  const count = features.length / featureDim;
  const axes = Float64Array.from(basis);
  const projections = new Float32Array(count * dim);
  const projection = new Float64Array(dim);
  for (let i = 0; i < count; i++) {
    const row = normalized(features, i, featureDim);
    for (let j = 0; j < featureDim; j++) row[j] -= mean[j];
    dots(axes, row, projection);
    projections.set(projection, i * dim);
  }
  return projections;
}

/** More axes than asked for are followed, so that those asked for come out well. */
const OVERSAMPLING = 8;
const ITERATIONS = 3;

/**
 * The first principal axes of centred rows, most important first: [d, F] with d ≤ `wanted`; axes along which nothing
 * varies are left out, but for the first. By subspace iteration (Halko et al. 2011, "Finding structure with
 * randomness"), exact where F ≤ wanted + 8.
 */
function principalAxes(rows: Float64Array, dim: number, wanted: number): Float32Array {
  const size = Math.min(dim, wanted + OVERSAMPLING);
  let axes = orthonormal(startingAxes(size, dim), dim);
  for (let i = 1; i < ITERATIONS; i++) axes = orthonormal(covarianceTimes(rows, axes, dim), dim);
  const images = covarianceTimes(rows, axes, dim);
  const covariance = new Matrix(size, size);
  const column = new Float64Array(size);
  for (let a = 0; a < size; a++) {
    dots(axes, images.subarray(a * dim, (a + 1) * dim), column);
    for (let b = 0; b < size; b++) covariance.set(b, a, column[b]);
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.add(covariance, covariance.transpose()),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const least = realEigenvalues[order[0]] * 1e-9;
  const kept = order.slice(0, wanted).filter((which, i) => i === 0 || realEigenvalues[which] > least);
  const basis = new Float32Array(kept.length * dim);
  kept.forEach((which, i) => {
    const axis = new Float64Array(dim);
    for (let a = 0; a < size; a++) {
      addScaled(axis, axes.subarray(a * dim, (a + 1) * dim), eigenvectorMatrix.get(a, which));
    }
    basis.set(axis, i * dim);
  });
  return basis;
}

/** Directions that are unlike each other and unlike any data, the same in every run: [count, dim]. */
function startingAxes(count: number, dim: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: count * dim }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** XᵀX applied to each axis [size, dim], in one pass over the rows X [n, dim]. */
function covarianceTimes(rows: Float64Array, axes: Float64Array, dim: number): Float64Array {
  const size = axes.length / dim;
  const products = new Float64Array(size * dim);
  const weights = Array.from({ length: 4 }, () => new Float64Array(size));
  const nothing = new Float64Array(dim);
  // Four rows at a time, so that a product is loaded and stored once for four of them.
  for (let start = 0; start < rows.length; start += 4 * dim) {
    const [r0, r1, r2, r3] = [0, 1, 2, 3].map((i) => {
      const at = start + i * dim;
      const row = at < rows.length ? rows.subarray(at, at + dim) : nothing;
      dots(axes, row, weights[i]);
      return row;
    });
    for (let a = 0, at = 0; a < size; a++) {
      const [w0, w1, w2, w3] = [weights[0][a], weights[1][a], weights[2][a], weights[3][a]];
      for (let j = 0; j < dim; j++, at++) products[at] += w0 * r0[j] + w1 * r1[j] + w2 * r2[j] + w3 * r3[j];
    }
  }
  return products;
}

/** Gram–Schmidt, twice for accuracy; a direction that the earlier ones contain becomes zero. Changes `vectors`. */
function orthonormal(vectors: Float64Array, dim: number): Float64Array {
  for (let start = 0; start < vectors.length; start += dim) {
    const vector = vectors.subarray(start, start + dim);
    const before = norm(vector);
    const along = new Float64Array(start / dim);
    for (let round = 0; round < 2; round++) {
      dots(vectors, vector, along);
      for (let a = 0; a < along.length; a++) {
        addScaled(vector, vectors.subarray(a * dim, (a + 1) * dim), -along[a]);
      }
    }
    const after = norm(vector);
    const factor = after > before * 1e-10 ? 1 / after : 0;
    for (let j = 0; j < dim; j++) vector[j] *= factor;
  }
  return vectors;
}

/** The products of a row with the first axes of [n, dim], as many as `into` takes. */
function dots(axes: Float64Array, row: Float64Array, into: Float64Array): void {
  const dim = row.length;
  const count = into.length;
  let a = 0;
  // Four sums at a time, which do not wait for each other.
  for (; a + 4 <= count; a += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0, at = a * dim; j < dim; j++, at++) {
      const value = row[j];
      s0 += value * axes[at];
      s1 += value * axes[at + dim];
      s2 += value * axes[at + 2 * dim];
      s3 += value * axes[at + 3 * dim];
    }
    into[a] = s0;
    into[a + 1] = s1;
    into[a + 2] = s2;
    into[a + 3] = s3;
  }
  for (; a < count; a++) {
    let sum = 0;
    for (let j = 0, at = a * dim; j < dim; j++, at++) sum += row[j] * axes[at];
    into[a] = sum;
  }
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}

function addScaled(into: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * vector[i];
}
