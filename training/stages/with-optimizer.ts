// A stage with another optimizer than its recipe was made with.

import type { OptimizerName } from "../optimizers/optimizer.ts";
import type { StageSettings } from "./settings.ts";

/** What each is usually given: a learning rate, here as a multiple of AdamW's, and a weight decay. */
const usual: Readonly<Record<OptimizerName, { rate: number; weightDecay: number }>> = {
  sgd: { rate: 60, weightDecay: 5e-4 },
  adam: { rate: 1, weightDecay: 0 },
  adamw: { rate: 1, weightDecay: 0.01 },
  muon: { rate: 20, weightDecay: 0.1 },
};

/**
 * The same stage with an optimizer, at a learning rate that suits it as the stage's own suits the one before: how far a
 * step goes at one rate differs from optimizer to optimizer. Rates that were compared are in docs/research.md.
 * @param weightDecay what is usual with that optimizer, unless given
 */
export function withOptimizer(
  stage: StageSettings,
  optimizer: OptimizerName,
  weightDecay: number = usual[optimizer].weightDecay,
): StageSettings {
  const before = stage.optimizer.optimizer;
  if (before === optimizer) return stage;
  const learningRate = (stage.learningRate * usual[optimizer].rate) / usual[before].rate;
  return { ...stage, learningRate, optimizer: { ...stage.optimizer, optimizer, weightDecay } };
}
