// Compact feature vectors: what an image shows and how it looks, in 64 bytes. Enough to find neighbours and to tell what
// is new.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { UserError } from "./errors.ts";
import { nearest } from "./neighbours.ts";
import { meanDistances } from "./novelty.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.ts";

/** Bytes kept of each aspect of an image, one a dimension. */
export const MAX_ASPECT_DIM = 32;

/** How one output of the encoder becomes a part of the compact vector: (x − mean) · basis. */
export interface Aspect {
  /** Values that the encoder gives, F. */
  readonly inputDim: number;
  /** Dimensions that are kept, d ≤ 32. */
  readonly dim: number;
  /** [F]. */
  readonly mean: Float32Array;
  /** Principal axes, one a row, scaled by what a step along them counts: [d, F]. */
  readonly basis: Float32Array;
}

/**
 * How the encoder's outputs become compact vectors. Both aspects count alike: in each, neighbours are at about the same
 * distance.
 */
export interface Compaction {
  /** What the image shows: the features, their length taken out, on their principal axes. */
  readonly content: Aspect;
  /**
   * How it looks: the statistics of the stem on their principal axes, each divided by its deviation. The features have
   * learned not to care for colour and texture; without these, drawings are hardly new among photographs.
   */
  readonly looks: Aspect;
  /** What one unit of a code is worth. */
  readonly scale: number;
}

/** What the encoder says of images: row i of both is image i. */
export interface EncoderOutputs {
  /** float32 [N, F]. */
  readonly features: Float32Array;
  /** float32 [N, 2C]. */
  readonly statistics: Float32Array;
}

/** features.safetensors. */
export interface CompactFeatures extends Compaction {
  /** Number of images. */
  readonly count: number;
  /** [count, content.dim + looks.dim]. */
  readonly codes: Int8Array;
  /** Quantiles of the images' mean distances to their nearest, in units of the codes; see novelty.ts. [1001] */
  readonly distanceQuantiles: Float32Array;
}

/** Dimensions of the compact vectors. */
export function compactDim({ content, looks }: Compaction): number {
  return content.dim + looks.dim;
}

/** The principal axes are found from about so many numbers, taken from rows all over the data set. */
const SAMPLE_VALUES = 5_000_000;
const SAMPLE_ROWS = 20_000;
/** Rows from which it is found how far apart neighbours are. */
const SPACING_ROWS = 2000;
const SPACING_NEIGHBOURS = 10;
/** Axes along which next to nothing varies are not blown up beyond a hundredth of the largest deviation. */
const LEAST_VARIANCE = 1e-4;

/**
 * Fits the compaction to the training images and applies it.
 * @param count number of images, N
 * @returns the compaction and int8 codes [N, d]
 */
export function compactFeatures(
  outputs: EncoderOutputs,
  count: number,
): { compaction: Compaction; codes: Int8Array } {
  const unscaled = {
    content: fitAspect(outputs.features, count, { unit: true, whiten: false }),
    looks: fitAspect(outputs.statistics, count, { unit: false, whiten: true }),
    scale: 1,
  };
  const vectors = project(unscaled, outputs);
  const largest = vectors.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const compaction = { ...unscaled, scale: largest > 0 ? largest / 127 : 1 };
  return { compaction, codes: Int8Array.from(vectors, (value) => Math.round(value / compaction.scale)) };
}

/**
 * Compact vectors of images, in units of the codes. A training image's is equal to its codes; one that lies farther
 * out than they reach keeps its distance.
 * @returns whole numbers [N, d]
 */
export function compactQueries(compaction: Compaction, outputs: EncoderOutputs): Float32Array {
  return project(compaction, outputs).map((value) => Math.round(value / compaction.scale));
}

/** The bytes of features.safetensors. */
export function encodeFeatures(features: CompactFeatures): Uint8Array {
  const { content, looks, count, codes, scale, distanceQuantiles } = features;
  const aspect = (name: string, { mean, basis, dim, inputDim }: Aspect): Record<string, NamedTensor> => ({
    [`${name}.mean`]: { dtype: "float32", shape: [inputDim], data: mean },
    [`${name}.basis`]: { dtype: "float32", shape: [dim, inputDim], data: basis },
  });
  return encodeSafetensors({
    ...aspect("content", content),
    ...aspect("looks", looks),
    scale: { dtype: "float64", shape: [1], data: Float64Array.of(scale) },
    codes: { dtype: "int8", shape: [count, compactDim(features)], data: codes },
    distance_quantiles: { dtype: "float32", shape: [distanceQuantiles.length], data: distanceQuantiles },
  });
}

/** Reads features.safetensors. @throws UserError if it is damaged or an array is missing */
export function decodeFeatures(bytes: Uint8Array): CompactFeatures {
  const { tensors } = decodeSafetensors(bytes);
  const aspect = (name: string): Aspect => {
    const basis = tensorOf(tensors, `${name}.basis`, "float32", 2);
    const mean = tensorOf(tensors, `${name}.mean`, "float32", 1);
    const [dim, inputDim] = basis.shape;
    if (mean.data.length !== inputDim) throw new UserError(DO_NOT_FIT);
    return { inputDim, dim, mean: mean.data, basis: basis.data };
  };
  const [content, looks] = [aspect("content"), aspect("looks")];
  const scale = tensorOf(tensors, "scale", "float64", 1);
  const codes = tensorOf(tensors, "codes", "int8", 2);
  const quantiles = tensorOf(tensors, "distance_quantiles", "float32", 1);
  if (codes.shape[1] !== content.dim + looks.dim || scale.data.length !== 1) throw new UserError(DO_NOT_FIT);
  return {
    content,
    looks,
    scale: scale.data[0],
    count: codes.shape[0],
    codes: codes.data,
    distanceQuantiles: quantiles.data,
  };
}

const DO_NOT_FIT = "damaged feature vectors: the arrays do not fit together";

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

/** Row i; of length 1 where `unit` is set, but for a row of zeros, which stays as it is. */
function rowOf(values: Float32Array, i: number, dim: number, unit: boolean): Float64Array {
  const row = Float64Array.from(values.subarray(i * dim, (i + 1) * dim));
  const length = unit ? norm(row) : 1;
  if (length > 0) for (let j = 0; j < dim; j++) row[j] /= length;
  return row;
}

function fitAspect(
  values: Float32Array,
  count: number,
  { unit, whiten }: { unit: boolean; whiten: boolean },
): Aspect {
  const inputDim = values.length / count;
  const rows = Math.min(count, SAMPLE_ROWS, Math.max(1, Math.floor(SAMPLE_VALUES / inputDim)));
  const sample = new Float64Array(rows * inputDim);
  for (let i = 0; i < rows; i++) {
    sample.set(rowOf(values, Math.floor((i * count) / rows), inputDim, unit), i * inputDim);
  }
  const mean = center(sample, inputDim);
  const basis = principalAxes(sample, inputDim, MAX_ASPECT_DIM);
  const dim = basis.length / inputDim;
  const axes = Float64Array.from(basis);
  const projected = new Float32Array(rows * dim);
  const projection = new Float64Array(dim);
  const variances = new Float64Array(dim);
  for (let i = 0; i < rows; i++) {
    dots(axes, sample.subarray(i * inputDim, (i + 1) * inputDim), projection);
    for (let a = 0; a < dim; a++) variances[a] += projection[a] ** 2 / rows;
    projected.set(projection, i * dim);
  }
  const least = LEAST_VARIANCE * variances[0];
  const weights = variances.map((variance) =>
    whiten && variances[0] > 0 ? 1 / Math.sqrt(variance + least) : 1,
  );
  for (let at = 0; at < projected.length; at++) projected[at] *= weights[at % dim];
  const spacing = typicalSpacing(projected, dim);
  for (let at = 0; at < basis.length; at++) basis[at] *= weights[Math.floor(at / inputDim)] / spacing;
  return { inputDim, dim, mean, basis };
}

/** Median of the mean distances to the nearest; 1 where all are equal. */
function typicalSpacing(vectors: Float32Array, dim: number): number {
  const count = vectors.length / dim;
  const rows = Math.min(count, SPACING_ROWS);
  const sample = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i++) {
    const from = Math.floor((i * count) / rows) * dim;
    sample.set(vectors.subarray(from, from + dim), i * dim);
  }
  const exclude = Uint32Array.from({ length: rows }, (_, i) => i);
  const distances = meanDistances(nearest(sample, sample, { dim, k: SPACING_NEIGHBOURS, exclude })).sort();
  return distances[distances.length >> 1] || 1;
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

/** Both aspects of each image side by side: [N, d]. */
function project(compaction: Compaction, { features, statistics }: EncoderOutputs): Float32Array {
  const { content, looks } = compaction;
  const dim = compactDim(compaction);
  const count = features.length / content.inputDim;
  const vectors = new Float32Array(count * dim);
  for (const [aspect, values, unit, offset] of [
    [content, features, true, 0],
    [looks, statistics, false, content.dim],
  ] as const) {
    const { inputDim, mean } = aspect;
    const axes = Float64Array.from(aspect.basis);
    const projection = new Float64Array(aspect.dim);
    for (let i = 0; i < count; i++) {
      const row = rowOf(values, i, inputDim, unit);
      for (let j = 0; j < inputDim; j++) row[j] -= mean[j];
      dots(axes, row, projection);
      vectors.set(projection, i * dim + offset);
    }
  }
  return vectors;
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
