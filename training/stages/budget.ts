// How long the stages may be so that a run ends in time. Nothing here measures or runs anything.

import { planStage } from "./plan.ts";
import type { StageSettings } from "./settings.ts";

/** What a run takes on a machine, in seconds. */
export interface Costs {
  /** A step of each stage. */
  readonly step: readonly number[];
  /** What is done after each stage and before the next one, or before the map is written: no epochs shorten it. */
  readonly after: readonly number[];
}

/** How far a run is. */
export interface Position {
  /** From 0. */
  readonly stage: number;
  /** Steps of that stage that are done. */
  readonly step: number;
}

export const BEGINNING: Position = { stage: 0, step: 0 };

/** A stage with other epochs; its warm-up keeps its share of them. */
export function withEpochs(stage: StageSettings, epochs: number): StageSettings {
  const warmupEpochs = stage.epochs === 0 ? 0 : (stage.warmupEpochs * epochs) / stage.epochs;
  return { ...stage, epochs, warmupEpochs };
}

/** Seconds that are left to do, apart: steps of each stage, and all between and after them. */
export function secondsLeft(
  stages: readonly StageSettings[],
  costs: Costs,
  sizes: { imageCount: number; batchSize: number },
  { stage: current, step }: Position = BEGINNING,
): { stages: number[]; between: number } {
  const steps = stages.map((stage, i) => {
    if (i < current) return 0;
    const { stepsPerEpoch } = planStage(stage, sizes.imageCount, sizes.batchSize);
    return Math.max(0, stage.epochs * stepsPerEpoch - (i === current ? step : 0));
  });
  return {
    stages: steps.map((count, i) => count * costs.step[i]),
    between: sum(costs.after.slice(current)),
  };
}

/**
 * The same stages, what is left of each stretched or cut by one factor, so that all of it takes `seconds`. While the
 * first stage runs, a stage with a `share` gets that instead.
 * @param seconds left until the end of the run
 */
export function fitStages(
  stages: readonly StageSettings[],
  costs: Costs,
  sizes: { imageCount: number; batchSize: number },
  seconds: number,
  position: Position = BEGINNING,
): StageSettings[] {
  const { stepsPerEpoch } = planStage(stages[0], sizes.imageCount, sizes.batchSize);
  const left = secondsLeft(stages, costs, sizes, position);
  const available = Math.max(0, seconds - left.between);
  const done = position.step;
  const whole = available + done * costs.step[position.stage];
  // Seconds of a stage with a share; undefined for the others.
  const shared = stages.map(({ share }, i) =>
    share && position.stage === 0 && i > 0
      ? Math.min(share.ofTime * whole, share.mostSteps * costs.step[i], available)
      : undefined,
  );
  const planned = sum(left.stages.filter((_, i) => shared[i] === undefined));
  if (planned === 0) return [...stages];
  const factor = Math.max(0, available - sum(shared.map((each) => each ?? 0))) / planned;
  return stages.map((stage, i) => {
    const own = shared[i];
    if (own !== undefined) return withEpochs(stage, own / costs.step[i] / stepsPerEpoch);
    if (i < position.stage) return stage;
    const before = i === position.stage ? done / stepsPerEpoch : 0;
    return withEpochs(stage, before + Math.max(0, stage.epochs - before) * factor);
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
