// The training run: all stages, one after the other, from the newest checkpoint on.

import { buildEncoder } from "../artifacts/encoder.ts";
import { initialValues } from "../artifacts/initial-state.ts";
import { buildOrtTraining } from "../artifacts/ort-training.ts";
import {
  buildStage,
  type Flavour,
  type StageArtifacts,
  type StageGraphOptions,
} from "../artifacts/stage-artifacts.ts";
import { augmentationPolicies } from "../augmentations/policy.ts";
import { epochBatches } from "../dataset/batches.ts";
import type { Dataset, EpochPlan, ViewLoader } from "../dataset/dataset.ts";
import type { Engine, TrainingState } from "../engines/engine.ts";
import type { FindNearest } from "../evaluation/nearest.ts";
import type { Weights } from "../networks/model.ts";
import { lastLayer } from "../networks/projection-head.ts";
import { learningRateAt, type ScheduleOptions } from "../optimizers/schedule.ts";
import { permutation, randomStream } from "../random.ts";
import { embedDataset } from "./embed-dataset.ts";
import { type FeatureSpace, measureFeatureSpace } from "./feature-space.ts";
import { principalAxesLayer, standardNormalLayer } from "./last-layer.ts";
import type { LogRecord } from "./log.ts";
import { planStage, type StagePlan } from "./plan.ts";
import type { RunFolder } from "./run-folder.ts";
import { peakLearningRate, type RunSettings, type StageSettings, stageNetwork } from "./settings.ts";

/** A stage adds this many records an epoch to the log. */
const RECORDS_PER_EPOCH = 20;
/** Images that principal axes are taken from. */
const AXES_SAMPLE = 5000;

export interface StageProgress {
  /** From 1, with its name. */
  readonly stage: number;
  readonly name: StageSettings["name"];
  readonly step: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Of this step. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** A copy of all weights as they are now. */
  readonly weights: () => Promise<Weights>;
}

/** Thrown when the signal ended a run; its state is saved. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

export interface RunOptions {
  readonly settings: RunSettings;
  readonly dataset: Dataset;
  readonly engine: Engine;
  readonly folder: RunFolder;
  readonly findNearest: FindNearest;
  /** Called, and waited for, after every step. */
  readonly onStep?: (progress: StageProgress) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Name of a stage's folder: "1-pretrain". */
export function stageFolder(index: number, stage: StageSettings): string {
  return `${index + 1}-${stage.name}`;
}

/**
 * Runs what is left of all stages and returns the finished weights. The result depends on settings and images alone,
 * however often the run was stopped and resumed (on one machine, engine "cpu").
 * @throws Interrupted if the signal ended it, after saving a checkpoint
 */
export async function runStages(options: RunOptions): Promise<Weights> {
  const { settings, dataset, engine, folder, findNearest } = options;
  const loader = dataset.openViews({
    seed: settings.seed,
    policy: augmentationPolicies[settings.augmentations],
  });
  const began = performance.now();
  try {
    const stages = settings.stages.map((stage) => ({
      stage,
      artifacts: stageArtifacts(settings, stage, engine.flavour, dataset.count),
    }));
    const found: (TrainingState | undefined)[] = [];
    for (const [i, { stage, artifacts }] of stages.entries()) {
      found.push(await folder.readCheckpoint(stageFolder(i, stage), artifacts));
    }
    const newest = found.findLastIndex((state) => state !== undefined);
    let weights: Weights = {};
    let space: FeatureSpace | undefined;
    for (const [index, { stage, artifacts }] of stages.entries()) {
      // Stages before the newest checkpoint are done; a later stage may not hold all weights.
      if (index < newest) {
        weights = { ...weights, ...found[index]?.values };
        continue;
      }
      const name = stageFolder(index, stage);
      let state = found[index];
      if (!state) {
        state = { values: await startingValues(options, index, artifacts, weights), step: 0 };
        await folder.writeModels(name, artifacts);
        await folder.writeCheckpoint(name, artifacts, state);
      }
      await folder.cutLog(index + 1, state.step);
      if (stage.pairs === "neighbours") {
        const encoder = buildEncoder(weights, stageNetwork(settings, settings.stages[index - 1]));
        space ??= await measureFeatureSpace(engine, encoder, dataset, findNearest);
      }
      const values = await runStage({
        ...options,
        index,
        stage,
        artifacts,
        state,
        weights,
        loader,
        space,
        began,
      });
      weights = { ...weights, ...values };
      // Whatever saw images has moved the backbone, if only its running statistics.
      if (stage.input === "images") space = undefined;
    }
    return weights;
  } finally {
    await loader.close();
  }
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
    trains: (weight) => stage.trains === "everything" || weight.startsWith(trained),
  };
  if (flavour === "portable") return buildStage(options);
  return buildOrtTraining(options, stageSchedule(stage, imageCount, settings.batchSize));
}

/** Images in the batches that engines are tried with, at most. */
const TRIAL_BATCH = 32;

/** The models of the first stage with a small batch, to try engines with. */
export function trialArtifacts(settings: RunSettings, flavour: Flavour): StageArtifacts {
  const batchSize = Math.min(TRIAL_BATCH, settings.batchSize);
  return stageArtifacts({ ...settings, batchSize }, settings.stages[0], flavour, batchSize);
}

function stageSchedule(stage: StageSettings, imageCount: number, batchSize: number): ScheduleOptions {
  const { warmupSteps, totalSteps } = planStage(stage, imageCount, batchSize);
  return {
    schedule: stage.schedule,
    learningRate: peakLearningRate(stage, batchSize),
    warmupSteps,
    totalSteps,
  };
}

/** Values a stage begins with, given the weights of the one before. */
async function startingValues(
  { settings, dataset, engine }: RunOptions,
  index: number,
  artifacts: StageArtifacts,
  previous: Weights,
): Promise<Weights> {
  const stage = settings.stages[index];
  if (stage.lastLayer === "kept") return initialValues(artifacts, settings.seed, previous);
  const network = stageNetwork(settings, stage);
  const layer = lastLayer(network);
  if (stage.lastLayer === "standard-normal") {
    const inputs = artifacts.weights.find(({ name }) => name === `${layer}.weight`)!.shape[1];
    const fresh = standardNormalLayer(layer, inputs, stage.outDim, settings.seed);
    return initialValues(artifacts, settings.seed, { ...previous, ...fresh });
  }
  const drawn = initialValues(artifacts, settings.seed, withoutHead(previous));
  const encoder = buildEncoder({ ...previous, ...drawn }, network);
  const sample = permutation(dataset.count, randomStream(settings.seed, "axes")).slice(0, AXES_SAMPLE);
  const { embedding } = await embedDataset(engine, encoder, dataset, sample);
  return { ...drawn, ...principalAxesLayer(layer, drawn, embedding, stage.outDim) };
}

function withoutHead(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => !name.startsWith("head.")));
}

interface StageRun extends RunOptions {
  readonly index: number;
  readonly stage: StageSettings;
  readonly artifacts: StageArtifacts;
  readonly state: TrainingState;
  /** Of the stages before. */
  readonly weights: Weights;
  readonly loader: ViewLoader;
  /** For stages whose pairs are neighbours. */
  readonly space: FeatureSpace | undefined;
  readonly began: number;
}

async function runStage(run: StageRun): Promise<Weights> {
  const { settings, dataset, engine, folder, index, stage, artifacts, signal } = run;
  const { batchSize, seed } = settings;
  const plan = planStage(stage, dataset.count, batchSize);
  const name = stageFolder(index, stage);
  const schedule = stageSchedule(stage, dataset.count, batchSize);
  await engine.load(artifacts, run.state);
  const held = await evaluationViews(run);
  const recorder = new Recorder(run, plan);
  let { step } = run.state;
  while (step < plan.totalSteps) {
    const epoch = Math.floor(step / plan.stepsPerEpoch);
    const whole = epochBatches(dataset.count, batchSize, randomStream(seed, "order", index + 1, epoch));
    const left = plan.totalSteps - epoch * plan.stepsPerEpoch;
    const batches = whole.slice(step - epoch * plan.stepsPerEpoch, left);
    for await (const views of pairBatches(run, { stage: index + 1, epoch, batches })) {
      const learningRate = learningRateAt(step, schedule);
      const result = await engine.step(views, learningRate);
      step++;
      await recorder.add(step, learningRate, result);
      if (signal?.aborted && step < plan.totalSteps) {
        await folder.writeCheckpoint(name, artifacts, await engine.state());
        throw new Interrupted(`stopped in stage ${index + 1}`);
      }
    }
    await recorder.endEpoch(step, await engine.evaluate(held.slice()));
    await folder.writeCheckpoint(name, artifacts, await engine.state());
  }
  return (await engine.state()).values;
}

/** What a stage is fed: for each batch of B images 2B rows, of which i and B + i are a pair. */
function pairBatches(run: StageRun, { stage, epoch, batches }: EpochPlan): AsyncIterable<Float32Array> {
  const { settings, loader, space } = run;
  const paired = batches.map((images) => {
    const partners =
      run.stage.pairs === "views" ? images : space!.partners(images, { seed: settings.seed, stage, epoch });
    return Uint32Array.of(...images, ...partners);
  });
  if (run.stage.input === "images") return loader.epoch({ stage, epoch, batches: paired });
  return (async function* () {
    for (const rows of paired) yield space!.rows(rows);
  })();
}

/** The same pairs at every epoch, so that the evaluation loss can be compared. */
async function evaluationViews(run: StageRun): Promise<Float32Array> {
  const { seed, batchSize } = run.settings;
  const indices = permutation(run.dataset.count, randomStream(seed, "evaluation"));
  // Stage 0 is none: these draws are never used for training.
  const plan = { stage: 0, epoch: 0, batches: [indices.slice(0, batchSize)] };
  for await (const views of pairBatches(run, plan)) return views;
  throw new Error("a plan of one batch gave none");
}

/** Collects results between two records of the log. */
class Recorder {
  readonly #run: StageRun;
  readonly #plan: StagePlan;
  #sums = { loss: 0, alignment: 0, uniformity: 0 };
  #count = 0;
  #since = performance.now();
  #imagesPerSecond = 0;
  #last = { step: 0, learningRate: 0 };

  constructor(run: StageRun, plan: StagePlan) {
    this.#run = run;
    this.#plan = plan;
  }

  async add(
    step: number,
    learningRate: number,
    result: { loss: number; alignment: number; uniformity: number },
  ): Promise<void> {
    const { index, stage, onStep, settings, engine, weights } = this.#run;
    for (const key of ["loss", "alignment", "uniformity"] as const) this.#sums[key] += result[key];
    this.#count++;
    const seconds = (performance.now() - this.#since) / 1000;
    this.#imagesPerSecond = (this.#count * settings.batchSize) / Math.max(seconds, 1e-9);
    const told = performance.now();
    await onStep?.({
      stage: index + 1,
      name: stage.name,
      step,
      totalSteps: this.#plan.totalSteps,
      stepsPerEpoch: this.#plan.stepsPerEpoch,
      loss: result.loss,
      learningRate,
      imagesPerSecond: this.#imagesPerSecond,
      weights: async () => ({ ...weights, ...(await engine.state()).values }),
    });
    this.#since += performance.now() - told; // what is done with the news is no part of training
    const every = Math.max(1, Math.floor(this.#plan.stepsPerEpoch / RECORDS_PER_EPOCH));
    this.#last = { step, learningRate };
    // The last step of an epoch is recorded together with the evaluation.
    const ends = step % this.#plan.stepsPerEpoch === 0 || step === this.#plan.totalSteps;
    if (step % every === 0 && !ends) await this.#write();
  }

  async endEpoch(step: number, evalLoss: number): Promise<void> {
    this.#last = { ...this.#last, step };
    await this.#write(evalLoss);
  }

  async #write(evalLoss?: number): Promise<void> {
    const { index, folder, began } = this.#run;
    const count = Math.max(this.#count, 1);
    const record: LogRecord = {
      stage: index + 1,
      epoch: this.#last.step / this.#plan.stepsPerEpoch,
      step: this.#last.step,
      loss: this.#sums.loss / count,
      alignment: this.#sums.alignment / count,
      uniformity: this.#sums.uniformity / count,
      learningRate: this.#last.learningRate,
      imagesPerSecond: this.#imagesPerSecond,
      seconds: (performance.now() - began) / 1000,
      ...(evalLoss === undefined ? {} : { evalLoss }),
    };
    await folder.appendLog(record);
    this.#sums = { loss: 0, alignment: 0, uniformity: 0 };
    this.#count = 0;
    this.#since = performance.now();
  }
}
