// The models of a stage of a run.

import { UserError } from "../../models/errors.ts";
import { buildMicroBatchStage } from "../artifacts/micro-batch.ts";
import { buildOrtTraining } from "../artifacts/ort-training.ts";
import {
  buildStage,
  type Flavour,
  type StageArtifacts,
  type StageGraphOptions,
} from "../artifacts/stage-artifacts.ts";
import { lastLayer } from "../networks/projection-head.ts";
import type { ScheduleOptions } from "../optimizers/schedule.ts";
import { planStage } from "./plan.ts";
import { peakLearningRate, type RunSettings, type StageSettings, stageNetwork } from "./settings.ts";
import { withOptimizer } from "./with-optimizer.ts";

/**
 * The settings as an engine can run them: "ort-training" has optimizers of its own, AdamW but no Muon.
 * @throws UserError if it has micro-batches to run, which it cannot
 */
export function settingsFor(flavour: Flavour, settings: RunSettings): RunSettings {
  if (flavour !== "ort-training") return settings;
  if (settings.microBatch !== undefined) {
    throw new UserError(
      "ONNX Runtime Training has no micro-batches: leave out --micro-batch, or take another engine",
    );
  }
  const stages = settings.stages.map((stage): StageSettings => {
    const { optimizer, weightDecay } = stage.optimizer;
    return optimizer === "muon" ? withOptimizer(stage, "adamw", weightDecay) : stage;
  });
  return { ...settings, stages };
}

/** Whether the batches of a stage are cut into micro-batches. */
export function isCut({ microBatch, batchSize }: RunSettings, stage: StageSettings): boolean {
  return microBatch !== undefined && microBatch < batchSize && stage.input === "images";
}

/** The settings with a smaller batch, which is not cut, for a trial. */
export function withSmallBatch(settings: RunSettings, batchSize: number): RunSettings {
  return { ...settings, batchSize, microBatch: undefined };
}

/**
 * The models of a stage.
 * @param imageCount how many images an epoch has: "ort-training" has the schedule of the learning rate in its models
 */
export function stageArtifacts(
  settings: RunSettings,
  stage: StageSettings,
  flavour: Flavour,
  imageCount: number,
): StageArtifacts {
  const trained = stage.trains === "head" ? "head." : `${lastLayer(stageNetwork(settings, stage))}.`;
  const options: StageGraphOptions = {
    network: stageNetwork(settings, stage),
    loss: stage.loss,
    optimizer: stage.optimizer,
    batchSize: settings.batchSize,
    input: stage.input,
    layout: flavour === "processor" ? "pictures-innermost" : "channels-first",
    trains: (weight) => stage.trains === "everything" || weight.startsWith(trained),
  };
  if (flavour === "ort-training") {
    return buildOrtTraining(options, stageSchedule(stage, imageCount, settings.batchSize));
  }
  return isCut(settings, stage) ? buildMicroBatchStage(options, settings.microBatch!) : buildStage(options);
}

/** Images in the batches that engines are tried with, at most. */
const TRIAL_BATCH = 32;

/** The models of the first stage with a small batch, to try engines with. */
export function trialArtifacts(asked: RunSettings, flavour: Flavour): StageArtifacts {
  const settings = settingsFor(flavour, asked);
  const batchSize = Math.min(TRIAL_BATCH, settings.batchSize);
  return stageArtifacts(withSmallBatch(settings, batchSize), settings.stages[0], flavour, batchSize);
}

/** The learning rates of a stage. */
export function stageSchedule(stage: StageSettings, imageCount: number, batchSize: number): ScheduleOptions {
  const { warmupSteps, totalSteps } = planStage(stage, imageCount, batchSize);
  return {
    schedule: stage.schedule,
    learningRate: peakLearningRate(stage, batchSize),
    warmupSteps,
    totalSteps,
  };
}
