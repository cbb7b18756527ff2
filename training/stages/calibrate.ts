// A short trial of everything that a run does, on the user's own machine and images, so that its time can be planned.

import { buildEncoder } from "../artifacts/encoder.ts";
import { initialValues } from "../artifacts/initial-state.ts";
import type { Dataset, ViewLoader } from "../dataset/dataset.ts";
import { type Engine, STEPS_TO_PACE } from "../engines/engine.ts";
import type { FindNearest } from "../evaluation/nearest.ts";
import { featureDim } from "../networks/backbone.ts";
import type { Weights } from "../networks/model.ts";
import { permutation, randomStream } from "../random.ts";
import type { Costs } from "./budget.ts";
import { embedDataset } from "./embed-dataset.ts";
import { type RunSettings, type StageSettings, stageNetwork } from "./settings.ts";
import { isCut, stageArtifacts, withSmallBatch } from "./stage-models.ts";
import { HEAD_SAMPLE } from "./starting-values.ts";

/** Images in the batch that is tried first. */
const SMALL_BATCH = 64;
/** Where a step of a full batch takes longer by that trial, in seconds, it is not tried. */
const LONGEST_STEP = 3;
/** What micro-batches add to a step: of its three passes, one forwards and two backwards, the first is done twice. */
const MICRO_BATCH_COST = 4 / 3;
/** A trial of a stage ends after so many timed steps … */
const MAX_STEPS = 8;
/** … or, with one step at least, after so many milliseconds: while the run goes on it measures itself. */
const MAX_TIME = 1000;
/** Images that are placed and searched for on trial. */
const FEW = 256;
const MANY = 1280;
/** Searches of all images that a map amounts to beside the one for novelty: its scores, thumbnails and pictures. */
const MAP_SEARCHES = 1.4;

export interface CalibrationOptions {
  readonly settings: RunSettings;
  readonly dataset: Dataset;
  readonly engine: Engine;
  readonly findNearest: FindNearest;
  readonly loader: ViewLoader;
}

/** Measures what the stages take; takes some seconds, and changes nothing but the stage that the engine has loaded. */
export async function calibrate(options: CalibrationOptions): Promise<Costs> {
  const { settings, dataset } = options;
  const step: number[] = [];
  for (const stage of settings.stages) step.push(stage.epochs > 0 ? await stepSeconds(options, stage) : 0);
  const place = await placingSeconds(options);
  const search = await searchSeconds(options);
  const after = settings.stages.map((stage, i) => {
    const next = settings.stages.at(i + 1);
    if (!next) return place + search * (1 + MAP_SEARCHES);
    const axes = next.lastLayer === "new-head" ? 2 * place * Math.min(1, HEAD_SAMPLE / dataset.count) : 0;
    const measures = stage.input === "images" && next.pairs === "neighbours" && next.epochs > 0;
    return axes + (measures ? place + search : 0);
  });
  return { step, after };
}

/** Of one step with a full batch. */
async function stepSeconds(options: CalibrationOptions, stage: StageSettings): Promise<number> {
  const { batchSize } = options.settings;
  const size = stage.input === "images" ? Math.min(SMALL_BATCH, batchSize) : batchSize;
  const more = isCut(options.settings, stage) ? MICRO_BATCH_COST : 1;
  const seconds = ((await trialStep(options, stage, size)) * more * batchSize) / size;
  return size < batchSize && seconds < LONGEST_STEP ? await trialStep(options, stage, batchSize) : seconds;
}

/** Seconds of a step with a batch of so many images. */
async function trialStep(options: CalibrationOptions, stage: StageSettings, size: number): Promise<number> {
  const { dataset, engine, loader } = options;
  const { seed } = options.settings;
  const settings =
    size < options.settings.batchSize ? withSmallBatch(options.settings, size) : options.settings;
  const artifacts = stageArtifacts(settings, stage, engine.flavour, dataset.count);
  await engine.load(artifacts, { values: initialValues(artifacts, seed, {}), step: 0 });
  const ended: number[] = [];
  for await (const batch of trialBatches(loader, stage, size, dataset.count, stageNetwork(settings, stage))) {
    await engine.step(batch, 0);
    ended.push(performance.now());
    if (ended.length > STEPS_TO_PACE && performance.now() - ended[STEPS_TO_PACE - 1] > MAX_TIME) break;
  }
  // The median: the loader's threads start beside the first steps and hold one of them up.
  const took = ended.slice(STEPS_TO_PACE).map((end, i) => end - ended[STEPS_TO_PACE - 1 + i]);
  return took.sort((a, b) => a - b)[Math.floor(took.length / 2)] / 1000;
}

async function* trialBatches(
  loader: ViewLoader,
  stage: StageSettings,
  size: number,
  count: number,
  network: Parameters<typeof featureDim>[0],
): AsyncGenerator<Float32Array> {
  if (stage.input === "features") {
    for (let i = 0; i < STEPS_TO_PACE + MAX_STEPS; i++) yield randomVectors(2 * size, featureDim(network));
    return;
  }
  const rows = permutation(count, randomStream(0, "calibration"));
  const batch = Uint32Array.from({ length: 2 * size }, (_, i) => rows[i % size]);
  // Stage 0 is none: these draws are never used for training.
  yield* loader.epoch({ stage: 0, epoch: 1, batches: new Array(STEPS_TO_PACE + MAX_STEPS).fill(batch) });
}

/** Of all images. */
async function placingSeconds({ settings, dataset, engine }: CalibrationOptions): Promise<number> {
  const [stage] = settings.stages;
  const artifacts = stageArtifacts(settings, stage, engine.flavour, dataset.count);
  const weights: Weights = initialValues(artifacts, settings.seed, {});
  const encoder = buildEncoder(weights, stageNetwork(settings, stage));
  return await extrapolated(dataset.count, async (images) => {
    await embedDataset(engine, encoder, dataset, { length: images });
  });
}

/** Of the nearest of all images among all, by their features. */
async function searchSeconds({ settings, dataset, findNearest }: CalibrationOptions): Promise<number> {
  const dim = featureDim(stageNetwork(settings, settings.stages[0]));
  const references = randomVectors(dataset.count, dim);
  return await extrapolated(dataset.count, async (images) => {
    await findNearest(references.subarray(0, images * dim), references, { dim, k: 15 });
  });
}

/** What work on `count` images takes, in seconds, by what a few of them take beside what making ready takes. */
async function extrapolated(count: number, work: (images: number) => Promise<void>): Promise<number> {
  const timed = async (images: number) => {
    const began = performance.now();
    await work(images);
    return (performance.now() - began) / 1000;
  };
  await work(1); // the first time is another
  const [few, many] = [Math.min(FEW, count), Math.min(MANY, count)];
  const [ready, whole] = [await timed(few), await timed(many)];
  return whole + (Math.max(0, whole - ready) * (count - many)) / Math.max(1, many - few);
}

function randomVectors(rows: number, dim: number): Float32Array {
  const stream = randomStream(0, "calibration-vectors");
  return Float32Array.from({ length: rows * dim }, () => stream.uniform() - 0.5);
}
