// Compact feature vectors: what an image shows and how it looks, in 64 bytes. Enough to find neighbours and to tell what
// is new.

import { nearest } from "./neighbours.ts";
import { meanDistances } from "./novelty.ts";
import { principalAxes, project, spreadRows } from "./principal-axes.ts";

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

/** What features.safetensors holds. */
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
  given: EncoderOutputs,
  count: number,
): { compaction: Compaction; codes: Int8Array } {
  const outputs = withUnitFeatures(given, count);
  const unscaled = {
    content: fitAspect(outputs.features, count, { whiten: false }),
    looks: fitAspect(outputs.statistics, count, { whiten: true }),
    scale: 1,
  };
  const vectors = sideBySide(unscaled, outputs);
  const largest = vectors.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const compaction = { ...unscaled, scale: largest > 0 ? largest / 127 : 1 };
  return { compaction, codes: Int8Array.from(vectors, (value) => Math.round(value / compaction.scale)) };
}

/**
 * Compact vectors of images, in units of the codes. A training image's is equal to its codes; one that lies farther
 * out than they reach keeps its distance.
 * @returns whole numbers [N, d]
 */
export function compactQueries(compaction: Compaction, given: EncoderOutputs): Float32Array {
  const outputs = withUnitFeatures(given, given.features.length / compaction.content.inputDim);
  return sideBySide(compaction, outputs).map((value) => Math.round(value / compaction.scale));
}

function fitAspect(values: Float32Array, count: number, { whiten }: { whiten: boolean }): Aspect {
  const inputDim = values.length / count;
  const { mean, axes, deviations, significant } = principalAxes(values, inputDim);
  const dim = Math.min(significant, MAX_ASPECT_DIM);
  const least = LEAST_VARIANCE * deviations[0] ** 2;
  const scaled = axes.slice(0, dim * inputDim).map((value, at) => {
    const variance = deviations[Math.floor(at / inputDim)] ** 2 + least;
    return whiten && variance > 0 ? value / Math.sqrt(variance) : value;
  });
  const few = project({ mean, axes: scaled }, spreadRows(values, inputDim, SPACING_ROWS));
  const spacing = typicalSpacing(few, dim);
  return {
    inputDim,
    dim,
    mean: Float32Array.from(mean),
    basis: Float32Array.from(scaled, (value) => value / spacing),
  };
}

/** Median of the mean distances to the nearest; 1 where all are equal. */
function typicalSpacing(vectors: Float32Array, dim: number): number {
  const exclude = Uint32Array.from({ length: vectors.length / dim }, (_, i) => i);
  const distances = meanDistances(nearest(vectors, vectors, { dim, k: SPACING_NEIGHBOURS, exclude })).sort();
  return distances[distances.length >> 1] || 1;
}

/** Both aspects of each image side by side: [N, d]. The features are of length 1. */
function sideBySide(compaction: Compaction, { features, statistics }: EncoderOutputs): Float32Array {
  const { content, looks } = compaction;
  const shown = projectAspect(content, features);
  const looking = projectAspect(looks, statistics);
  const dim = compactDim(compaction);
  const count = shown.length / content.dim;
  const vectors = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    vectors.set(shown.subarray(i * content.dim, (i + 1) * content.dim), i * dim);
    vectors.set(looking.subarray(i * looks.dim, (i + 1) * looks.dim), i * dim + content.dim);
  }
  return vectors;
}

function projectAspect({ mean, basis }: Aspect, values: Float32Array): Float32Array {
  return project({ mean, axes: Float64Array.from(basis) }, values);
}

/** Features at length 1, but for an image without any, whose zeros stay. */
function withUnitFeatures({ features, statistics }: EncoderOutputs, count: number): EncoderOutputs {
  const dim = features.length / count;
  const unit = Float32Array.from(features);
  for (let from = 0; from < unit.length; from += dim) {
    let square = 0;
    for (let d = 0; d < dim; d++) square += unit[from + d] ** 2;
    const length = Math.sqrt(square) || 1;
    for (let d = 0; d < dim; d++) unit[from + d] /= length;
  }
  return { features: unit, statistics };
}
