// A stage with another optimizer than its recipe was made with.

import type { OptimizerName } from "../optimizers/optimizer.ts";
import { usual } from "../optimizers/usual.ts";
import type { StageSettings } from "./settings.ts";

/**
 * The same stage with an optimizer, at a learning rate that suits it as the stage's own suits the one before: how far a
 * step goes at one rate differs from optimizer to optimizer.
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
