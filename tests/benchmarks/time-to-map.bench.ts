// A map by traditional tools next to one by this project in the same time: principal components of the pixels, then
// t-SNE (scikit-learn) or UMAP (umap-js). The time is that from pixels of one size in memory to coordinates, which is
// what they have in common: reading the images is the same for all. Scored by the paper's protocol, k = 15, for the
// others cannot place new images.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/time-to-map.bench.ts [--images 10000]
//     [--tools tsne,umap] [--budgets 60,300] further times in seconds for this project [--json FILE]
//     [--svg FILE] a picture of accuracy over time

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { UMAP } from "umap-js";
import { readImages } from "../../cli/read-images.ts";
import { runSettings, wantedBatchSize } from "../../cli/settings.ts";
import { Terminal } from "../../cli/terminal.ts";
import { curve } from "../../models/plot/curve.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { fitBatchSize } from "../../training/dataset/batches.ts";
import { openDataset, type StoredDataset } from "../../training/dataset/stored-dataset.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { paperKnn } from "../../training/evaluation/knn.ts";
import { nearestNeighbours as findNearest } from "../../training/evaluation/nearest.node.ts";
import { silhouette } from "../../training/evaluation/silhouette.ts";
import { permutation, randomStream } from "../../training/random.ts";
import { embedDataset } from "../../training/stages/embed-dataset.ts";
import { RunFolder } from "../../training/stages/run-folder.ts";
import { runStages } from "../../training/stages/run-stages.ts";
import { stageNetwork } from "../../training/stages/settings.ts";
import { memoryFiles } from "../support/memory-files.ts";
import { pythonWith } from "../support/python.ts";
import { temporaryFolder } from "../support/temporary.ts";

const SOURCE = "../shared/data/cifar10/train.tar";
const SCRIPT = fileURLToPath(new URL("../support/sklearn/tsne.py", import.meta.url));
const IMAGE_SIZE = 32;
const COMPONENTS = 50;

interface Result {
  readonly tool: string;
  readonly images: number;
  readonly seconds: number;
  /** Paper protocol, k = 15. */
  readonly knn: number;
  readonly silhouette: number;
}

const { values: args } = parseArgs({
  options: {
    images: { type: "string", default: "10000" },
    tools: { type: "string", default: "tsne,umap" },
    budgets: { type: "string", default: "" },
    json: { type: "string" },
    svg: { type: "string" },
  },
});
const images = Number(args.images);
const tools = args.tools.split(",").filter(Boolean);
const python = pythonWith("sklearn");

if (!existsSync(SOURCE)) {
  console.log(`skipped: there is no ${SOURCE}`);
  process.exit(0);
}
if (python === undefined) {
  console.log("skipped: no python3 here has scikit-learn (Debian: python3-sklearn)");
  process.exit(0);
}

const folder = await temporaryFolder();
const dataset = await drawImages(images);
const results: Result[] = [];
const report = async (tool: string, seconds: number, coordinates: Float32Array) => {
  const labels = dataset.labels!;
  const knn = await paperKnn({ vectors: coordinates, labels }, { dim: 2, seed: 0, findNearest });
  const separation = silhouette(coordinates, labels, { dim: 2, seed: 0 })!.silhouette;
  const result = { tool, images, seconds, knn: knn!.accuracy, silhouette: separation };
  results.push(result);
  console.log(
    `${tool.padEnd(14)} ${seconds.toFixed(0).padStart(5)} s   kNN ${(100 * result.knn).toFixed(1)} %   silhouette ${separation.toFixed(3)}`,
  );
};

const times = args.budgets.split(",").filter(Boolean).map(Number);
const out = join(folder, "points");
const spawned = spawnSync(python, [SCRIPT, dataset.pixelsFile, String(images), out, ...tools], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
if (spawned.status !== 0) throw new Error(`${SCRIPT} failed`);
const told: Record<string, number> = Object.assign(
  {},
  ...spawned.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line)),
);
if (tools.includes("tsne")) {
  const seconds = told.pcaSeconds + told.tsneSeconds;
  await report("PCA, t-SNE", seconds, floats(`${out}.tsne`));
  times.push(seconds);
}
if (tools.includes("umap")) {
  const vectors = floats(`${out}.pca`);
  const rows = Array.from({ length: images }, (_, i) =>
    Array.from(vectors.subarray(i * COMPONENTS, (i + 1) * COMPONENTS)),
  );
  const random = randomStream("umap");
  const began = performance.now();
  const points = new UMAP({ nComponents: 2, nNeighbors: 15, random: () => random.uniform() }).fit(rows);
  const seconds = told.pcaSeconds + (performance.now() - began) / 1000;
  await report("PCA, UMAP", seconds, Float32Array.from(points.flat()));
  times.push(seconds);
}
for (const budget of times.sort((a, b) => a - b)) {
  const { seconds, coordinates } = await learn(budget);
  await report("this project", seconds, coordinates);
}
if (args.json) writeFileSync(args.json, JSON.stringify(results, null, 2));
if (args.svg) writeFileSync(args.svg, picture());
dataset.close();

/** Accuracy over time: a point for a tool that has one result, a line for one that has several. */
function picture(): string {
  const names = [...new Set(results.map(({ tool }) => tool))];
  const series = names.map((name, i) => ({
    name,
    className: `series${i}`,
    points: results
      .filter(({ tool }) => tool === name)
      .map(({ seconds, knn }) => [seconds / 60, 100 * knn] as const),
  }));
  const colors = ["#d1242f", "#9a6700", "#1f6feb"].map(
    (color, i) => `polyline.series${i} { stroke: ${color}; } .series${i}:not(polyline) { fill: ${color}; }`,
  );
  const style = `svg { background: #fff; font: 11px sans-serif; } .title { font-weight: 600; } .tick { fill: #57606a; } .grid { stroke: #d0d7de; } polyline { fill: none; stroke-width: 1.8; } ${colors.join(" ")}`;
  return curve("2-D kNN, %", "minutes", series).replace(
    /<svg(.*?)>/,
    `<svg xmlns="http://www.w3.org/2000/svg" width="880"$1><style>${style}</style>`,
  );
}

/** So many images of the training set, drawn at random, as a data set of their own. */
async function drawImages(count: number): Promise<StoredDataset> {
  const reading = {
    imageSize: IMAGE_SIZE,
    fit: "cover",
    background: [255, 255, 255],
    strict: true,
    maxMegapixels: 1,
  } as const;
  const all = await readImages(SOURCE, reading, new Terminal(true));
  const rows = permutation(all.count, randomStream("time to map")).slice(0, count);
  const pixels = new Uint8Array(count * IMAGE_SIZE * IMAGE_SIZE * 3);
  all.readBatch(rows, pixels);
  all.close();
  const pixelsFile = join(folder, "pixels.raw");
  writeFileSync(pixelsFile, pixels);
  const pick = <T>(list: readonly T[]) => Array.from(rows, (row) => list[row]);
  return openDataset({ ...all, paths: pick(all.paths), labels: pick(all.labels!), pixelsFile });
}

/** What `--budget` does within a time. */
async function learn(budget: number): Promise<{ seconds: number; coordinates: Float32Array }> {
  const recipe = { seed: 1, budget };
  const settings = runSettings(recipe, fitBatchSize(images, wantedBatchSize(recipe)));
  const began = performance.now();
  const engine = new ThreadEngine();
  try {
    const run = { settings, dataset, engine, findNearest, folder: new RunFolder(memoryFiles()) };
    const { weights } = await runStages(run);
    const encoder = buildEncoder(weights, stageNetwork(settings, settings.stages.at(-1)!));
    const { embedding } = await embedDataset(engine, encoder, dataset);
    return { seconds: (performance.now() - began) / 1000, coordinates: embedding };
  } finally {
    await engine.close();
  }
}

function floats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
