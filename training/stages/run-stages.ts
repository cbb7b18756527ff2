// The training run: all stages, one after the other, from the newest checkpoint on.

import { UserError } from "../../models/errors.ts";
import { buildEncoder } from "../artifacts/encoder.ts";
import type { StageArtifacts } from "../artifacts/stage-artifacts.ts";
import { augmentationPolicies } from "../augmentations/policy.ts";
import { epochBatches } from "../dataset/batches.ts";
import type { Dataset, EpochPlan, ViewLoader } from "../dataset/dataset.ts";
import type { Engine, TrainingState } from "../engines/engine.ts";
import type { FindNearest } from "../evaluation/nearest.ts";
import type { Weights } from "../networks/model.ts";
import { learningRateAt } from "../optimizers/schedule.ts";
import { permutation, randomStream } from "../random.ts";
import { calibrate } from "./calibrate.ts";
import { type FeatureSpace, measureFeatureSpace } from "./feature-space.ts";
import { planStage } from "./plan.ts";
import { Recorder } from "./recorder.ts";
import type { RunFolder } from "./run-folder.ts";
import { type RunSettings, type StageSettings, stageNetwork } from "./settings.ts";
import { SideWork } from "./side-work.ts";
import { settingsFor, stageArtifacts, stageSchedule } from "./stage-models.ts";
import { startingValues } from "./starting-values.ts";
import { Timekeeper } from "./timekeeper.ts";

/** How often a checkpoint is written, and so what is lost where the machine fails; pauses in seconds. */
const SAVING = { share: 1 / 100, pause: 60, wait: 60 };

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

/** Thrown when a loss is no number any more; the last checkpoint is one from before. */
export class Diverged extends UserError {
  override name = "Diverged";
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
  /** Seconds that this process has worked on the run; what a budget goes by. By default, since the call. */
  readonly clock?: () => number;
  /** Called once a run with a budget is planned. */
  readonly onPlan?: (planned: Timekeeper) => void;
}

/** What was asked for, with what was left open. */
interface Run extends RunOptions {
  readonly clock: () => number;
}

export interface FinishedRun {
  readonly weights: Weights;
  /** As they were asked for, but with the epochs that were done and the optimizers that the engine has. */
  readonly settings: RunSettings;
}

/** Name of a stage's folder: "1-pretrain". */
export function stageFolder(index: number, stage: StageSettings): string {
  return `${index + 1}-${stage.name}`;
}

/**
 * Runs what is left of all stages and returns the finished weights. The result depends on settings and images alone,
 * however often the run was stopped and resumed (on one machine, engine "cpu"); with a budget on the machine's pace, too.
 * @throws Interrupted if the signal ended it, after saving a checkpoint; Diverged if a loss is no number any more
 */
export async function runStages(asked: RunOptions): Promise<FinishedRun> {
  const options: Run = {
    ...asked,
    settings: settingsFor(asked.engine.flavour, asked.settings),
    clock: asked.clock ?? stopwatch(),
  };
  const { settings, dataset, engine, folder, findNearest, signal } = options;
  const loader = dataset.openViews({
    seed: settings.seed,
    policy: augmentationPolicies[settings.augmentations],
  });
  const began = performance.now();
  try {
    const keeper = await plannedRun(options, loader);
    if (signal?.aborted) throw new Interrupted("stopped before the first stage");
    const planned = keeper?.stages ?? settings.stages;
    const stages = planned.map((stage) => ({
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
      const ended = performance.now();
      let state = found[index];
      const begins = !state;
      if (!state) {
        state = { values: await startingValues(options, index, artifacts, weights), step: 0 };
        await folder.writeModels(name, artifacts);
        await folder.writeCheckpoint(name, artifacts, state);
      }
      await folder.cutLog(index + 1, state.step);
      if (stage.epochs === 0) {
        weights = { ...weights, ...state.values };
        continue;
      }
      if (stage.pairs === "neighbours") {
        const encoder = buildEncoder(weights, stageNetwork(settings, settings.stages[index - 1]));
        space ??= await measureFeatureSpace(engine, encoder, dataset, findNearest);
      }
      if (begins && index > 0 && adapts(engine)) keeper?.passed(index - 1, secondsSince(ended));
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
        keeper,
      });
      weights = { ...weights, ...values };
      // Whatever saw images has moved the backbone, if only its running statistics.
      if (stage.input === "images") space = undefined;
    }
    return { weights, settings: { ...settings, stages: keeper?.stages ?? settings.stages } };
  } finally {
    await loader.close();
  }
}

/** The plan of a run with a budget: the one it began with, or else one by what is measured now. */
async function plannedRun(options: Run, loader: ViewLoader): Promise<Timekeeper | undefined> {
  const { settings, dataset, folder, clock } = options;
  const { budgetSeconds, batchSize } = settings;
  if (budgetSeconds === undefined) return undefined;
  const before = await folder.readPlan();
  const keeper = new Timekeeper({
    stages: settings.stages,
    start: before ?? { costs: await calibrate({ ...options, loader }) },
    imageCount: dataset.count,
    batchSize,
    budgetSeconds,
    clock,
  });
  await folder.writePlan(keeper.plan);
  options.onPlan?.(keeper);
  return keeper;
}

/** Whether a plan can be changed while the run goes on: the models of "ort-training" hold the schedule of the first. */
function adapts({ flavour }: Engine): boolean {
  return flavour !== "ort-training";
}

function stopwatch(): () => number {
  const began = performance.now();
  return () => secondsSince(began);
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

interface StageRun extends Run {
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
  readonly keeper: Timekeeper | undefined;
}

async function runStage(run: StageRun): Promise<Weights> {
  const { settings, dataset, engine, folder, index, artifacts, signal, clock, keeper } = run;
  const { batchSize, seed } = settings;
  const name = stageFolder(index, run.stage);
  // The stages before may have changed what is planned for this one.
  const planned = () => {
    const stage = keeper?.stages[index] ?? run.stage;
    return {
      plan: planStage(stage, dataset.count, batchSize),
      schedule: stageSchedule(stage, dataset.count, batchSize),
    };
  };
  let { plan, schedule } = planned();
  await engine.load(artifacts, run.state);
  const held = await evaluationViews(run);
  const recorder = new Recorder({
    stage: index + 1,
    batchSize,
    began: run.began,
    append: (record) => folder.appendLog(record),
  });
  const pace = new Pace();
  let { step } = run.state;
  const evaluate = async () => {
    const loss = await engine.evaluate(held.slice());
    refuseDiverged(loss, run, step);
    return loss;
  };
  const save = async () => {
    await folder.writeCheckpoint(name, artifacts, await engine.state());
    if (keeper) await folder.writePlan(keeper.plan);
  };
  const saving = new SideWork({ ...SAVING, clock });
  while (step < plan.totalSteps) {
    const epoch = Math.floor(step / plan.stepsPerEpoch);
    const whole = epochBatches(dataset.count, batchSize, randomStream(seed, "order", index + 1, epoch));
    const batches = whole.slice(step - epoch * plan.stepsPerEpoch);
    for await (const views of pairBatches(run, { stage: index + 1, epoch, batches })) {
      const learningRate = learningRateAt(step, schedule);
      const result = await engine.step(views, learningRate);
      step++;
      refuseDiverged(result.loss, run, step);
      const secondsPerStep = pace.step();
      if (keeper && secondsPerStep !== undefined && adapts(engine)) {
        keeper.measured({ stage: index, step }, secondsPerStep);
        ({ plan, schedule } = planned());
      }
      const imagesPerSecond = recorder.add(step, learningRate, result);
      await recorder.aside(() =>
        run.onStep?.({
          stage: index + 1,
          name: run.stage.name,
          step,
          totalSteps: plan.totalSteps,
          stepsPerEpoch: plan.stepsPerEpoch,
          loss: result.loss,
          learningRate,
          imagesPerSecond,
          weights: async () => ({ ...run.weights, ...(await engine.state()).values }),
        }),
      );
      await recorder.writeIfDue(plan);
      if (step >= plan.totalSteps) break;
      if (signal?.aborted) {
        await save();
        throw new Interrupted(`stopped in stage ${index + 1}`);
      }
      if (saving.due) {
        await saving.time(async () => {
          await evaluate(); // weights that are no numbers are not worth keeping
          await save();
        });
      }
    }
    await recorder.endEpoch(evaluate, plan);
  }
  await save();
  return (await engine.state()).values;
}

function refuseDiverged(loss: number, { index, stage }: StageRun, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new Diverged(
    `the training has diverged: in stage ${index + 1} (${stage.name}), step ${step}, the loss is ${loss}`,
  );
}

/** What a step of a stage takes, all told. */
class Pace {
  #first: number | undefined;
  #steps = 0;

  /** To be called after each step. @returns seconds; undefined after the first, which makes everything ready */
  step(): number | undefined {
    if (this.#first === undefined) {
      this.#first = performance.now();
      return undefined;
    }
    return secondsSince(this.#first) / ++this.#steps;
  }
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
