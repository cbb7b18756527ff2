// Does the map keep what the network found alike? The share of an image's nearest in feature space that are among its
// nearest on the map too.

import type { RecallScore } from "../../models/bundle/map-info.ts";
import { permutation, randomStream } from "../random.ts";
import { takeRows } from "./labels.ts";
import type { FindNearest, Metric } from "./nearest.ts";

const K = 15;
/** Images that are asked, drawn at random; all are candidates. */
const MAX_QUERIES = 2000;

export interface RecallInputs {
  /** [n, featureDim]. */
  readonly features: Float32Array;
  readonly featureDim: number;
  /** Defaults to "cosine". */
  readonly metric?: Metric;
  /** [n, dim]. */
  readonly coordinates: Float32Array;
  readonly dim: number;
  readonly seed: number;
  readonly findNearest: FindNearest;
}

/** @returns undefined if there are fewer than two images */
export async function neighbourRecall(inputs: RecallInputs): Promise<RecallScore | undefined> {
  const { features, featureDim, metric = "cosine", coordinates, dim, seed, findNearest } = inputs;
  const count = coordinates.length / dim;
  if (count < 2) return undefined;
  const rows = permutation(count, randomStream(seed, "recall")).slice(0, MAX_QUERIES);
  const options = { k: K, exclude: rows };
  const inFeatures = await findNearest(takeRows(features, featureDim, rows), features, {
    ...options,
    dim: featureDim,
    metric,
  });
  const onMap = await findNearest(takeRows(coordinates, dim, rows), coordinates, { ...options, dim });
  const { k } = inFeatures;
  let found = 0;
  for (let i = 0; i < rows.length; i++) {
    const near = new Set(onMap.indices.subarray(i * k, (i + 1) * k));
    for (const index of inFeatures.indices.subarray(i * k, (i + 1) * k)) if (near.has(index)) found++;
  }
  return { recall: found / (rows.length * k), k, images: rows.length };
}
