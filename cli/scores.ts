// Scores as lines for people.

import type { Scores } from "../models/bundle/map-info.ts";

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** A line for each score there is. */
export function scoreLines({
  knnPaper,
  knnHeldOut,
  knnFeatures,
  silhouette,
  neighbourRecall,
}: Scores): string[] {
  const lines: string[] = [];
  const knn = (what: string, score: { accuracy: number; k: number; queries: number; references: number }) =>
    lines.push(
      `${what}: ${percent(score.accuracy)} (k = ${score.k}, ${score.queries} against ${score.references})`,
    );
  if (knnHeldOut) knn("kNN accuracy on the map, held-out", knnHeldOut);
  if (knnPaper) knn("kNN accuracy on the map, paper protocol", knnPaper);
  if (knnFeatures) knn("kNN accuracy of the features", knnFeatures);
  if (silhouette) lines.push(`silhouette of the labels: ${silhouette.silhouette.toFixed(3)}`);
  if (neighbourRecall) {
    lines.push(
      `feature neighbours kept on the map: ${percent(neighbourRecall.recall)} (k = ${neighbourRecall.k})`,
    );
  }
  return lines;
}
