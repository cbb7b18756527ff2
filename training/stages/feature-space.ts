// The images as the backbone sees them: their features, and which images are near each other there.

import { principalAxes, project } from "../../models/principal-axes.ts";
import type { Dataset } from "../dataset/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { takeRows } from "../evaluation/labels.ts";
import type { FindNearest } from "../evaluation/nearest.ts";
import { randomStream } from "../random.ts";
import { embedDataset } from "./embed-dataset.ts";

/** Nearest images, by the cosine of half-whitened features, of which one is drawn as the partner … */
const NEIGHBOURS = 15;
/** … but never more than this share of all images: in a small set the fifteenth is no neighbour any more. */
const LARGEST_SHARE = 0.1;

export interface FeatureSpace {
  /** Features of the images in the order of `rows`: float32 [rows.length, F]. */
  rows(rows: Uint32Array): Float32Array;
  /** For each image one of its nearest, drawn by seed, stage, epoch and image. */
  partners(images: Uint32Array, keys: { seed: number; stage: number; epoch: number }): Uint32Array;
}

/** Places all images with an encoder and finds the nearest of each. */
export async function measureFeatureSpace(
  engine: Engine,
  encoder: Uint8Array,
  dataset: Dataset,
  findNearest: FindNearest,
): Promise<FeatureSpace> {
  const { features } = await embedDataset(engine, encoder, dataset);
  const dim = features.length / dataset.count;
  const space = halfWhitened(features, dim);
  const { indices, k } = await findNearest(space.vectors, space.vectors, {
    dim: space.dim,
    k: Math.max(1, Math.min(NEIGHBOURS, Math.floor(LARGEST_SHARE * dataset.count))),
    metric: "cosine",
    exclude: Uint32Array.from({ length: dataset.count }, (_, i) => i),
  });
  return {
    rows: (rows) => takeRows(features, dim, rows),
    partners: (images, { seed, stage, epoch }) =>
      images.map(
        (image) => indices[image * k + randomStream(seed, "partner", stage, epoch, image).integer(k)],
      ),
  };
}

/**
 * Vectors on their principal axes, each axis divided by the square root of its deviation: half-way to whitened, so
 * that a few strong directions do not decide alone which vectors are near.
 * @param vectors float32 [n, dim]
 * @returns float32 [n, kept]
 */
export function halfWhitened(vectors: Float32Array, dim: number): { vectors: Float32Array; dim: number } {
  const { mean, axes, deviations, significant } = principalAxes(vectors, dim);
  const scaled = axes
    .subarray(0, significant * dim)
    .map((value, at) => value / Math.sqrt(deviations[Math.floor(at / dim)] || 1));
  return { vectors: project({ mean, axes: scaled }, vectors), dim: significant };
}
