// Silhouette of the true labels: how much closer an image is to those of its own class than to those of the nearest
// other class (Rousseeuw 1987), as in sklearn.metrics.silhouette_score.

import type { SilhouetteScore } from "../../models/bundle/map-info.ts";
import { permutation, randomStream } from "../random.ts";
import { type Labels, labelNumbers, takeRows } from "./labels.ts";

/** All pairs of more images than this would take too long: then a random sample is scored. */
const MAX_IMAGES = 10_000;

/**
 * @param vectors [n, dim]
 * @param labels of each; images without one are left aside
 * @returns −1 … 1; undefined if there are fewer than two classes
 */
export function silhouette(
  vectors: Float32Array,
  labels: Labels,
  { dim, seed }: { dim: number; seed: number },
): SilhouetteScore | undefined {
  const all = labelNumbers(labels);
  const labelled = Uint32Array.from(all.keys()).filter((i) => all[i] >= 0);
  const sample = permutation(labelled.length, randomStream(seed, "silhouette")).slice(0, MAX_IMAGES).sort();
  const rows = sample.map((i) => labelled[i]);
  const classes = labelNumbers(Array.from(rows, (row) => labels[row]));
  const classCount = Math.max(-1, ...new Set(classes)) + 1;
  if (classCount < 2) return undefined;
  const sizes = new Float64Array(classCount);
  for (const number of classes) sizes[number]++;
  const points = takeRows(vectors, dim, rows);
  const sums = new Float64Array(classCount);
  let total = 0;
  for (let i = 0; i < rows.length; i++) {
    distanceSums(points, dim, i, classes, sums);
    total += silhouetteOf(classes[i], sums, sizes);
  }
  return { silhouette: total / rows.length, images: rows.length };
}

/** Sum of the distances of point i to the points of each class. */
function distanceSums(
  points: Float32Array,
  dim: number,
  i: number,
  classes: Int32Array,
  sums: Float64Array,
): void {
  sums.fill(0);
  for (let j = 0, at = 0; j < classes.length; j++) {
    let square = 0;
    for (let axis = 0; axis < dim; axis++, at++) {
      const difference = points[i * dim + axis] - points[at];
      square += difference * difference;
    }
    sums[classes[j]] += Math.sqrt(square);
  }
}

/** (b − a) / max(a, b) of one image; 0 for the only one of its class. */
function silhouetteOf(own: number, sums: Float64Array, sizes: Float64Array): number {
  if (sizes[own] === 1) return 0;
  const within = sums[own] / (sizes[own] - 1);
  let between = Number.POSITIVE_INFINITY;
  for (let c = 0; c < sums.length; c++) if (c !== own) between = Math.min(between, sums[c] / sizes[c]);
  const larger = Math.max(within, between);
  return larger > 0 ? (between - within) / larger : 0;
}
