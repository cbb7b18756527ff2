// kNN accuracy: how often the label of an image is that of most of its nearest. See "How a map is scored" in the
// method; the protocols are always named, for they measure different things.

import type { KnnScore } from "../../models/bundle/map-info.ts";
import { majority } from "../../models/majority.ts";
import { permutation, randomStream } from "../random.ts";
import { type Labels, labelNumbers, takeRows } from "./labels.ts";
import type { FindNearest, Metric } from "./nearest.ts";

/** Neighbours that vote. */
export const KNN_K = 15;

/** The paper's protocol tests a sixth of the images, at most so many. */
const TEST_SHARE = 1 / 6;
const MAX_TESTS = 10_000;

export interface KnnOptions {
  /** Coordinates of a vector. */
  readonly dim: number;
  /** Defaults to "euclidean". */
  readonly metric?: Metric;
  /** Defaults to 15. */
  readonly k?: number;
  readonly findNearest: FindNearest;
}

/** Vectors [n, dim] and their labels; images without a label are left aside. */
export interface LabelledVectors {
  readonly vectors: Float32Array;
  readonly labels: Labels;
}

/**
 * The protocol "paper": the images were all trained on, without labels; a random part of the finished map is classified
 * by the rest.
 * @returns undefined if fewer than two images have a label
 */
export async function paperKnn(
  { vectors, labels }: LabelledVectors,
  options: KnnOptions & { seed: number },
): Promise<KnnScore | undefined> {
  const labelled = labelledRows(labels);
  if (labelled.length < 2) return undefined;
  const order = permutation(labelled.length, randomStream(options.seed, "knn-split")).map((i) => labelled[i]);
  const tests = Math.min(MAX_TESTS, Math.max(1, Math.round(labelled.length * TEST_SHARE)));
  const part = (rows: Uint32Array): LabelledVectors => ({
    vectors: takeRows(vectors, options.dim, rows),
    labels: Array.from(rows, (row) => labels[row]),
  });
  return await heldOutKnn(part(order.subarray(0, tests)), part(order.subarray(tests)), options);
}

/**
 * The protocol "held-out": images that were not trained on are placed by the finished network and classified by those
 * that were.
 * @returns undefined if no test or no training image has a label
 */
export async function heldOutKnn(
  test: LabelledVectors,
  training: LabelledVectors,
  { dim, metric, k = KNN_K, findNearest }: KnnOptions,
): Promise<KnnScore | undefined> {
  const [queries, references] = [labelledRows(test.labels), labelledRows(training.labels)];
  if (queries.length === 0 || references.length === 0) return undefined;
  const found = await findNearest(
    takeRows(test.vectors, dim, queries),
    takeRows(training.vectors, dim, references),
    { dim, k, metric },
  );
  // Numbered together, so that a label has one number on both sides.
  const numbers = labelNumbers([
    ...Array.from(queries, (row) => test.labels[row]),
    ...Array.from(references, (row) => training.labels[row]),
  ]);
  const referenceNumbers = numbers.subarray(queries.length);
  let right = 0;
  for (let q = 0; q < queries.length; q++) {
    const votes = found.indices.subarray(q * found.k, (q + 1) * found.k);
    if (majority(Array.from(votes, (index) => referenceNumbers[index])) === numbers[q]) right++;
  }
  return {
    accuracy: right / queries.length,
    k: found.k,
    queries: queries.length,
    references: references.length,
  };
}

function labelledRows(labels: Labels): Uint32Array {
  return Uint32Array.from(labels.keys()).filter((i) => labels[i] !== null && labels[i] !== undefined);
}
