// How good a finished map is. Labels, where there are any, are used here and nowhere else.

import type { Scores } from "../../models/bundle/map-info.ts";
import { paperKnn } from "../evaluation/knn.ts";
import type { Labels } from "../evaluation/labels.ts";
import type { FindNearest } from "../evaluation/nearest.ts";
import { neighbourRecall } from "../evaluation/recall.ts";
import { silhouette } from "../evaluation/silhouette.ts";

export interface ScoreInputs {
  readonly labels: Labels;
  /** [n, dim]. */
  readonly coordinates: Float32Array;
  readonly dim: number;
  /** [n, featureDim]. */
  readonly features: Float32Array;
  readonly featureDim: number;
  readonly seed: number;
  readonly findNearest: FindNearest;
}

/** The scores of method.md that need no further images; those that need labels are absent without them. */
export async function scoreMap(inputs: ScoreInputs): Promise<Scores> {
  const { labels, coordinates, dim, features, featureDim, seed, findNearest } = inputs;
  // The searches run in threads of their own, the silhouette in this one: it comes last.
  const [knnPaper, knnFeatures, recall, silhouetteOfLabels] = await Promise.all([
    paperKnn({ vectors: coordinates, labels }, { dim, seed, findNearest }),
    paperKnn({ vectors: features, labels }, { dim: featureDim, metric: "cosine", seed, findNearest }),
    neighbourRecall({ features, featureDim, coordinates, dim, seed, findNearest }),
    silhouette(coordinates, labels, { dim, seed }),
  ]);
  return withoutUndefined({
    knnPaper,
    knnFeatures,
    silhouette: silhouetteOfLabels,
    neighbourRecall: recall,
  });
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
