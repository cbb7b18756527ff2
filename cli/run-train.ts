// The command `train`: read, run the stages, export, tell.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { duration } from "../models/duration.ts";
import { UserError } from "../models/errors.ts";
import { fitBatchSize, wholeMicroBatches } from "../training/dataset/batches.ts";
import type { StoredDataset } from "../training/dataset/stored-dataset.ts";
import { type Engine, EngineError } from "../training/engines/engine.ts";
import { nearestNeighbours } from "../training/evaluation/nearest.node.ts";
import { exportMap } from "../training/export/export-map.node.ts";
import { DiskRunFolder } from "../training/stages/run-folder.node.ts";
import { Diverged, Interrupted, runStages } from "../training/stages/run-stages.ts";
import type { RunSettings } from "../training/stages/settings.ts";
import type { Timekeeper } from "../training/stages/timekeeper.ts";
import { chooseEngine } from "./choose-engine.ts";
import type { TrainArguments } from "./commands/train.ts";
import { interruptSignal } from "./interrupt.ts";
import { noteSkipped, readImages } from "./read-images.ts";
import { printResult } from "./result.ts";
import { scoreLines } from "./scores.ts";
import { runSettings, wantedBatchSize } from "./settings.ts";
import { Terminal } from "./terminal.ts";
import { UsageError } from "./usage.ts";
import { toolVersions } from "./versions.ts";

/** @throws UserError with what a user can mend; Interrupted after Ctrl-C */
export async function runTrain(args: TrainArguments): Promise<void> {
  const terminal = new Terminal(args.quiet);
  if (args.out === "") throw new UsageError("--out needs the name of a folder");
  const target = args.out ?? join("models", "trained", nameOf(args.images));
  const unfinished = DiskRunFolder.pathFor(target);
  refuseEarly(target, unfinished, args.resume);
  const signal = interruptSignal(() => terminal.note("stopping (Ctrl-C again ends at once)"));

  const versions = toolVersions();
  const recipe = runSettings(args, wantedBatchSize(args)); // wrong options fail here, before any work
  const { network, fit, background } = recipe;
  const engine = await chooseEngine(args.engine, recipe, terminal);
  try {
    const dataset = await readImages(
      args.images,
      {
        imageSize: network.imageSize,
        fit,
        background,
        strict: args.strict,
        maxMegapixels: args.maxMegapixels,
        exclude: [resolve(target), resolve(unfinished)],
        signal,
      },
      terminal,
    ).catch((error) => {
      if (!signal.aborted) throw error;
      throw new Interrupted("stopped while reading the images; to start again, run the same command");
    });
    try {
      noteSkipped(dataset, terminal);
      const settings = { ...recipe, batchSize: batchSizeFor(dataset, recipe, terminal) };
      await learn({ args, target, settings, dataset, engine, signal, terminal, versions });
    } finally {
      dataset.close();
    }
  } finally {
    await engine.close();
  }
}

interface Run {
  readonly args: TrainArguments;
  readonly target: string;
  readonly settings: RunSettings;
  readonly dataset: StoredDataset;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
  readonly versions: Readonly<Record<string, string>>;
}

/** Runs the stages, exports the map, and tells its scores. */
async function learn({ args, target, settings, dataset, engine, signal, terminal, versions }: Run) {
  try {
    const identity = { settings, images: fingerprint(dataset) };
    const folder = await (args.resume
      ? DiskRunFolder.resume(target, identity)
      : DiskRunFolder.create(target, identity));
    const trained = await runStages({
      settings,
      dataset,
      engine,
      folder,
      findNearest: nearestNeighbours,
      signal,
      clock: () => performance.now() / 1000, // of the process: to read the images is the user's time, too
      onPlan: (keeper) => terminal.note(planLine(keeper, settings)),
      onStep: (p) =>
        terminal.progress({
          task: `stage ${p.stage} ${p.name}`,
          done: p.step,
          total: p.totalSteps,
          note: `loss ${p.loss.toFixed(3)}  lr ${p.learningRate.toPrecision(2)}  ${Math.round(p.imagesPerSecond)} images/s`,
        }),
    });
    const info = await exportMap({
      target,
      name: basename(resolve(target)),
      ...trained,
      dataset,
      engine,
      folder,
      findNearest: nearestNeighbours,
      versions,
      onProgress: (done, total) => terminal.progress({ task: "writing the map", done, total }),
    });
    await rm(folder.path, { recursive: true, force: true });
    const { skipped } = dataset;
    const { duplicates } = info.counts;
    const result = {
      map: target,
      id: info.id,
      images: dataset.count,
      duplicates,
      skipped,
      scores: info.scores,
    };
    const lines = [`map of ${dataset.count} images: ${target}`, ...scoreLines(info.scores)];
    if (duplicates) lines.push(`duplicates: ${duplicates} (tsimcne duplicates ${target} lists them)`);
    printResult(args.json, result, lines);
    terminal.note(`to look at it: tsimcne serve ${target}`);
  } catch (error) {
    const goOn = "run the same command with --resume";
    if (error instanceof Interrupted) throw new Interrupted(`${error.message}; to go on, ${goOn}`);
    if (error instanceof Diverged) {
      const unfinished = DiskRunFolder.pathFor(target);
      const again = `delete ${unfinished} and start again with a smaller --learning-rate`;
      throw new UserError(`${error.message}; ${again}`, { cause: error });
    }
    if (!(error instanceof EngineError)) throw error;
    throw new UserError(`${error.message}; to go on from the last checkpoint, ${goOn}`, { cause: error });
  }
}

/** "plan for 5 min: pretrain 1.4 epochs (2 min), head 5.6 epochs (30 s), neighbours and map (40 s)". */
function planLine(keeper: Timekeeper, { budgetSeconds }: RunSettings): string {
  const { stages, between } = keeper.outlook();
  const parts = keeper.stages.flatMap(({ name, epochs }, i) =>
    epochs > 0 ? [`${name} ${Number(epochs.toPrecision(2))} epochs (${duration(stages[i])})`] : [],
  );
  const total = performance.now() / 1000 + between + stages.reduce((a, b) => a + b, 0);
  const late = total > 1.1 * budgetSeconds! ? `; more than that for so many images: ${duration(total)}` : "";
  return `plan for ${duration(budgetSeconds!)}: ${[...parts, `neighbours and map (${duration(between)})`].join(", ")}${late}`;
}

/** What must not be found out only after the images are read. */
function refuseEarly(target: string, unfinished: string, resume: boolean): void {
  if (existsSync(target)) {
    throw new UserError(`${target} exists: name another folder with --out, or delete it`);
  }
  if (resume && !existsSync(unfinished)) {
    throw new UserError(`there is no unfinished run at ${unfinished}: leave out --resume to start one`);
  }
  if (!resume && existsSync(unfinished)) {
    throw new UserError(
      `an unfinished run is in ${unfinished}: add --resume to go on with it, or delete that folder`,
    );
  }
}

/** "photos" of ./photos, photos.tar.gz, photos.csv. */
function nameOf(images: string): string {
  return basename(resolve(images)).replace(/(\.tar)?\.(tar|gz|tgz|zip|csv|jsonl)$/i, "") || "map";
}

function batchSizeFor(dataset: StoredDataset, recipe: RunSettings, terminal: Terminal): number {
  const { batchSize: wanted, microBatch = wanted } = recipe;
  const fitted = wholeMicroBatches(fitBatchSize(dataset.count, wanted), microBatch);
  if (fitted !== wanted) {
    const cut = microBatch < fitted ? ` in micro-batches of ${microBatch}` : "";
    terminal.note(`batches of ${fitted} instead of ${wanted}, for ${dataset.count} images${cut}`);
  }
  return fitted;
}

/** Stands for the images and their order. */
function fingerprint(dataset: StoredDataset): string {
  const hash = createHash("sha256");
  for (const [i, path] of dataset.paths.entries())
    hash.update(JSON.stringify([path, dataset.labels?.[i] ?? null]));
  hash.update(basename(resolve(dataset.pixelsFile, "..")));
  return hash.digest("hex");
}
