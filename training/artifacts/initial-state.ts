// The values a stage starts from.

import type { Weights } from "../networks/model.ts";
import { randomStream } from "../random.ts";
import type { StageArtifacts } from "./stage-artifacts.ts";

/**
 * Weights and statistics of `previous` where it has them, freshly drawn ones elsewhere, and moments of zero.
 * Each weight has a random stream of its own, so a change of one layer leaves the others as they were.
 */
export function initialValues(artifacts: StageArtifacts, seed: number, previous: Weights = {}): Weights {
  const values: Record<string, Float32Array> = {};
  for (const { name, shape, initial } of [...artifacts.weights, ...artifacts.statistics]) {
    values[name] = previous[name] ?? initial(shape, randomStream(seed, "weight", name));
  }
  for (const name of artifacts.trained) {
    for (const moment of artifacts.moments)
      values[`${name}.${moment}`] = new Float32Array(values[name].length);
  }
  return values;
}
