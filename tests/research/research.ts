// Runs a recipe on labelled images and tells how good its features and its map become, against time. Labels are used
// for the figures only. See docs/research.md for what was tried.
//
//   node --import ./tests/support/typescript.mjs tests/research/research.ts RECIPE.json
//     [--train FILE] [--test FILE]  images in folders by class; default: CIFAR-10 of ../shared
//     [--budget 15m]                instead of the recipe's epochs
//     [--seeds 1,2,3]               default 1
//     [--first FILE]                a checkpoint of the first stage to start from; its epochs are then to be 0
//     [--every 120]                 seconds of training between two measurements; default: none but the last
//     [--out FOLDER]                keeps the lines of results.jsonl there; default: build/research
//     [--log FILE]                  gets a line of a table for each recipe; default: docs/research.md

import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { readImages } from "../../cli/read-images.ts";
import { type RecipeOptions, runSettings, wantedBatchSize } from "../../cli/settings.ts";
import { Terminal } from "../../cli/terminal.ts";
import { timeSpan } from "../../cli/usage.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import type { StoredDataset } from "../../training/dataset/stored-dataset.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { heldOutKnn } from "../../training/evaluation/knn.ts";
import { nearestNeighbours as findNearest } from "../../training/evaluation/nearest.node.ts";
import { silhouette } from "../../training/evaluation/silhouette.ts";
import { featureDim } from "../../training/networks/backbone.ts";
import type { Weights } from "../../training/networks/model.ts";
import { permutation, randomStream } from "../../training/random.ts";
import { embedDataset } from "../../training/stages/embed-dataset.ts";
import { checkpointFile, RunFolder } from "../../training/stages/run-folder.ts";
import { runStages, stageFolder } from "../../training/stages/run-stages.ts";
import { type RunSettings, type StageSettings, stageNetwork } from "../../training/stages/settings.ts";
import { memoryFiles } from "../support/memory-files.ts";

/** A recipe to be tried: a preset, changed by options as on the command line, then stage by stage. */
interface Recipe {
  readonly name: string;
  readonly options: Partial<RecipeOptions>;
  readonly stages?: readonly object[];
  /** Whether it was kept, for the log; what is not known beforehand is filled in by hand. */
  readonly kept?: string;
}

interface Figures {
  /** Held-out, k = 15, of the features by the cosine. */
  readonly featureKnn: number;
  /** Held-out, k = 15, of the map by the Euclidean distance; of the 128-D embedding in the first stage. */
  readonly knn: number;
  readonly silhouette: number;
}

/** A run to its end. */
interface Outcome extends Figures {
  readonly epochs: readonly number[];
  readonly seconds: number;
}

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    train: { type: "string", default: "../shared/data/cifar10/train.tar" },
    test: { type: "string", default: "../shared/data/cifar10/test.tar" },
    seeds: { type: "string", default: "1" },
    budget: { type: "string" },
    first: { type: "string" },
    every: { type: "string" },
    out: { type: "string", default: "build/research" },
    log: { type: "string", default: "docs/research.md" },
  },
});

/** Images of each side in a measurement on the way. */
const SAMPLE = { references: 10_000, queries: 2_000 };

const terminal = new Terminal();
mkdirSync(args.out, { recursive: true });
for (const file of positionals) {
  const recipe: Recipe = JSON.parse(readFileSync(file, "utf8"));
  const outcomes: Outcome[] = [];
  for (const seed of args.seeds.split(",").map(Number)) outcomes.push(await tryRecipe(recipe, seed));
  appendFileSync(args.log, `${logLine(recipe, outcomes)}\n`);
}

/** A line for the table at the end of docs/research.md: means over the seeds, and from where to where they go. */
function logLine({ name, kept = "" }: Recipe, outcomes: readonly Outcome[]): string {
  const over = (of: (outcome: Outcome) => number, digits: number) => {
    const values = outcomes.map(of);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
    return least === most ? least : `${mean.toFixed(digits)} (${least} to ${most})`;
  };
  const epochs = outcomes[0].epochs.map((_, i) => over((outcome) => outcome.epochs[i], 1)).join(", ");
  return `| ${[
    new Date().toISOString().slice(0, 10),
    name,
    basename(args.train),
    over(({ seconds }) => seconds / 60, 1),
    epochs,
    outcomes.length,
    over(({ knn }) => 100 * knn, 1),
    over(({ featureKnn }) => 100 * featureKnn, 1),
    over((outcome) => outcome.silhouette, 3),
    kept,
  ].join(" | ")} |`;
}

async function tryRecipe(recipe: Recipe, seed: number): Promise<Outcome> {
  const settings = recipeSettings(recipe, seed);
  const { network, fit, background } = settings;
  const reading = { imageSize: network.imageSize, fit, background, strict: false, maxMegapixels: 268 };
  let clock = -performance.now();
  const dataset = await readImages(args.train, reading, terminal);
  clock += performance.now();
  const tests = await readImages(args.test, reading, terminal);
  clock -= performance.now();
  const files = memoryFiles();
  const [first] = settings.stages;
  if (args.first) await files.write(checkpointFile(stageFolder(0, first)), readFileSync(args.first));
  const [engine, meter] = [new ThreadEngine(), new ThreadEngine()];
  let due = Number(args.every ?? Number.POSITIVE_INFINITY);
  const seconds = () => (clock + performance.now()) / 1000;
  try {
    const trained = await runStages({
      settings,
      clock: seconds,
      onPlan: (keeper) => terminal.note(JSON.stringify(keeper.plan)),
      dataset,
      engine,
      findNearest,
      folder: new RunFolder(files),
      onStep: async (p) => {
        terminal.progress({
          task: `${recipe.name} ${p.name}`,
          done: p.step,
          total: p.totalSteps,
          note: p.loss.toFixed(3),
        });
        if (seconds() < due) return;
        due = seconds() + Number(args.every);
        clock += performance.now();
        const figures = await measure(
          meter,
          settings,
          settings.stages[p.stage - 1],
          await p.weights(),
          dataset,
          tests,
          SAMPLE,
        );
        clock -= performance.now();
        record({
          recipe: recipe.name,
          seed,
          stage: p.name,
          epoch: p.step / p.stepsPerEpoch,
          seconds: seconds(),
          ...figures,
        });
      },
    });
    const took = seconds();
    const { weights } = trained;
    const { stages } = trained.settings;
    const all = { references: dataset.count, queries: tests.count };
    const figures = await measure(meter, settings, stages.at(-1)!, weights, dataset, tests, all);
    const outcome = { epochs: stages.map(({ epochs }) => epochs), seconds: took, ...figures };
    record({ recipe: recipe.name, seed, stage: "all", ...outcome });
    return outcome;
  } finally {
    dataset.close();
    tests.close();
    await engine.close();
    await meter.close();
  }
}

function record(line: object): void {
  console.log(
    JSON.stringify(line, (_, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value)),
  );
  appendFileSync(join(args.out, "results.jsonl"), `${JSON.stringify(line)}\n`);
}

function recipeSettings({ options, stages = [] }: Recipe, seed: number): RunSettings {
  const budget =
    args.budget === undefined ? {} : { budget: timeSpan("budget")(args.budget), epochs: undefined };
  const whole: RecipeOptions = { ...options, ...budget, seed };
  const settings = runSettings(whole, wantedBatchSize(whole));
  return { ...settings, stages: settings.stages.map((stage, i) => merged(stage, stages[i] ?? {})) };
}

function merged<T>(whole: T, part: object): T {
  const result = { ...whole } as Record<string, unknown>;
  for (const [key, value] of Object.entries(part)) {
    result[key] = typeof value === "object" && value !== null ? merged(result[key], value) : value;
  }
  return result as T;
}

async function measure(
  engine: ThreadEngine,
  settings: RunSettings,
  stage: StageSettings,
  weights: Weights,
  training: StoredDataset,
  tests: StoredDataset,
  sizes: { references: number; queries: number },
): Promise<Figures> {
  const network = stageNetwork(settings, stage);
  const encoder = buildEncoder(weights, network);
  const place = async (dataset: StoredDataset, size: number) => {
    const rows = permutation(dataset.count, randomStream(0, "research")).slice(0, size);
    const { embedding, features } = await embedDataset(engine, encoder, dataset, rows);
    return { embedding, features, labels: Array.from(rows, (row) => dataset.labels![row]) };
  };
  const [query, reference] = [await place(tests, sizes.queries), await place(training, sizes.references)];
  const score = async (what: "features" | "embedding", dim: number, metric: "cosine" | "euclidean") =>
    (await heldOutKnn(
      { vectors: query[what], labels: query.labels },
      { vectors: reference[what], labels: reference.labels },
      { dim, metric, findNearest },
    ))!.accuracy;
  const { kernel } = stage.loss;
  return {
    featureKnn: await score("features", featureDim(network), "cosine"),
    knn: await score("embedding", stage.outDim, kernel === "cosine" ? "cosine" : "euclidean"),
    silhouette: silhouette(query.embedding, query.labels, { dim: stage.outDim, seed: 0 })!.silhouette,
  };
}
