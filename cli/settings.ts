// From a preset and the options given on the command line to the settings of a run.

import { parseColor } from "../models/color.ts";
import { reasonOf } from "../models/errors.ts";
import type { Fit } from "../models/fit.ts";
import type { AugmentationPolicyName } from "../training/augmentations/policy.ts";
import { hasTemperature, type KernelName } from "../training/losses/kernels.ts";
import { type BackboneName, defaultStem, type Stem } from "../training/networks/backbone.ts";
import type { HeadKind } from "../training/networks/projection-head.ts";
import { hasMomentum, type OptimizerName } from "../training/optimizers/optimizer.ts";
import type { ScheduleName } from "../training/optimizers/schedule.ts";
import { withEpochs } from "../training/stages/budget.ts";
import { type Preset, type PresetName, presetForTime, presets } from "../training/stages/presets.ts";
import type { RunSettings, StageSettings } from "../training/stages/settings.ts";
import { withOptimizer } from "../training/stages/with-optimizer.ts";
import { UsageError } from "./usage.ts";

type PerStage = readonly [number, number, number];

/** The options that decide what a run computes; what is left out is the preset's. */
export interface RecipeOptions {
  /** Defaults to the one made for about the time of `budget`. */
  readonly preset?: PresetName;
  readonly seed: number;
  /** Seconds. */
  readonly budget?: number;
  readonly epochs?: PerStage;
  readonly warmup?: PerStage;
  readonly learningRate?: PerStage;
  readonly batchSize?: number;
  readonly microBatch?: number;
  readonly backbone?: BackboneName;
  readonly width?: number;
  readonly stem?: Stem;
  readonly projectionHead?: HeadKind;
  readonly hiddenDim?: number;
  readonly imageSize?: number;
  readonly outDim?: number;
  readonly kernel?: KernelName;
  readonly temperature?: number;
  readonly learnTemperature?: boolean;
  readonly degreesOfFreedom?: number;
  readonly optimizer?: OptimizerName;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly clip?: number;
  readonly schedule?: ScheduleName;
  readonly augmentations?: AugmentationPolicyName;
  readonly fit?: Fit;
  readonly background?: string;
}

function presetOf({ preset, budget }: RecipeOptions): Preset {
  return presets[preset ?? presetForTime(budget)];
}

/** The batch size asked for, before it is fitted to the number of images. */
export function wantedBatchSize(options: RecipeOptions): number {
  return options.batchSize ?? presetOf(options).batchSize;
}

/**
 * @param batchSize the batch size to run with
 * @throws UsageError where options do not go together
 */
export function runSettings(options: RecipeOptions, batchSize: number): RunSettings {
  const preset = presetOf(options);
  const imageSize = options.imageSize ?? preset.imageSize;
  const stages = preset.stages.map((stage, i) => stageSettings(stage, i, options));
  const backbone = options.backbone ?? preset.network.backbone;
  const projectionHead = options.projectionHead ?? preset.network.projectionHead;
  if (options.hiddenDim !== undefined && projectionHead === "linear") {
    throw new UsageError("--hidden-dim goes with --projection-head mlp");
  }
  checkKernelOptions(options, stages);
  const budgetSeconds = options.epochs ? undefined : (options.budget ?? preset.budgetSeconds);
  return {
    seed: options.seed,
    ...(budgetSeconds === undefined ? {} : { budgetSeconds }),
    batchSize,
    ...(options.microBatch === undefined ? {} : { microBatch: options.microBatch }),
    network: {
      backbone,
      // A preset's width is that of its own backbone.
      width: options.width ?? (backbone === preset.network.backbone ? preset.network.width : 1),
      stem: options.stem ?? defaultStem(imageSize),
      projectionHead,
      hiddenDim: options.hiddenDim ?? preset.network.hiddenDim,
      imageSize,
    },
    stages,
    augmentations: options.augmentations ?? preset.augmentations,
    fit: options.fit ?? preset.fit,
    background: options.background === undefined ? preset.background : readBackground(options.background),
  };
}

function readBackground(text: string): RunSettings["background"] {
  try {
    return parseColor(text);
  } catch (error) {
    throw new UsageError(`--background: ${reasonOf(error)}`);
  }
}

function stageSettings(own: StageSettings, index: number, options: RecipeOptions): StageSettings {
  const stage = options.optimizer ? withOptimizer(own, options.optimizer) : own;
  const { optimizer, loss } = stage;
  const { epochs, warmupEpochs } = withEpochs(stage, options.epochs?.[index] ?? stage.epochs);
  return {
    ...stage,
    epochs,
    warmupEpochs: options.warmup?.[index] ?? warmupEpochs,
    learningRate: options.learningRate?.[index] ?? stage.learningRate,
    schedule: options.schedule ?? stage.schedule,
    // Only the map has the dimensions asked for; the embedding before it keeps its own.
    outDim: index === 0 ? stage.outDim : (options.outDim ?? stage.outDim),
    loss: {
      kernel: options.kernel ?? loss.kernel,
      temperature: options.temperature ?? loss.temperature,
      learnTemperature: options.learnTemperature ?? loss.learnTemperature,
      degreesOfFreedom: options.degreesOfFreedom ?? loss.degreesOfFreedom,
    },
    optimizer: {
      ...optimizer,
      momentum: options.momentum ?? optimizer.momentum,
      weightDecay: options.weightDecay ?? optimizer.weightDecay,
      clipValue: options.clip ?? optimizer.clipValue,
    },
  };
}

/** An option that no stage would heed is refused rather than ignored. */
function checkKernelOptions(options: RecipeOptions, stages: readonly StageSettings[]): void {
  const heeded = (test: (stage: StageSettings) => boolean) => stages.some(test);
  const withTemperature = heeded(({ loss }) => hasTemperature(loss.kernel));
  if ((options.temperature !== undefined || options.learnTemperature) && !withTemperature) {
    throw new UsageError("--temperature and --learn-temperature go with --kernel cosine or gaussian");
  }
  if (options.degreesOfFreedom !== undefined && !heeded(({ loss }) => loss.kernel === "student-t")) {
    throw new UsageError("--degrees-of-freedom goes with --kernel student-t");
  }
  if (options.momentum !== undefined && !heeded(({ optimizer }) => hasMomentum(optimizer.optimizer))) {
    throw new UsageError("--momentum goes with --optimizer sgd or muon");
  }
}
