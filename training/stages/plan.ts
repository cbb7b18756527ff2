// The steps of a stage: how many there are, and which images each of them sees.

import type { StageSettings } from "./settings.ts";

export interface StagePlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly warmupSteps: number;
}

/** At least one step, however few images there are and however short the stage is. */
export function planStage(stage: StageSettings, imageCount: number, batchSize: number): StagePlan {
  const stepsPerEpoch = Math.max(1, Math.floor(imageCount / batchSize));
  const totalSteps = stage.epochs === 0 ? 0 : Math.max(1, Math.round(stage.epochs * stepsPerEpoch));
  return { stepsPerEpoch, totalSteps, warmupSteps: stage.warmupEpochs * stepsPerEpoch };
}
