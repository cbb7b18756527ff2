// The last act of a run: from finished weights to a map that is complete in itself.

import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleFiles } from "../../models/bundle/files.ts";
import { type MapInfoWithoutFiles, SCHEMA_VERSION } from "../../models/bundle/map-info.ts";
import { includeFolder, writeBundle } from "../../models/bundle/write-bundle.node.ts";
import { foundNeighbours } from "../../models/feature-search.ts";
import { compactDim, compactFeatures, type EncoderOutputs, encodeFeatures } from "../../models/features.ts";
import { distanceQuantiles, meanDistances, novelty, noveltyNeighbours } from "../../models/novelty.ts";
import { renderPng } from "../../models/plot/render.node.ts";
import { renderReport } from "../../models/plot/report.ts";
import { encodePoints } from "../../models/points.ts";
import { writeThumbnails } from "../../models/thumbnails.node.ts";
import { buildEncoder } from "../artifacts/encoder.ts";
import { buildPreprocess } from "../artifacts/preprocess.ts";
import type { Dataset } from "../dataset/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { nearestNeighbours } from "../evaluation/nearest.ts";
import { buildNearest } from "../evaluation/nearest-graph.ts";
import { featureDim as featureDimOf } from "../networks/backbone.ts";
import type { Weights } from "../networks/model.ts";
import { embedDataset } from "../stages/embed-dataset.ts";
import type { RunFolder } from "../stages/run-folder.ts";
import { type RunSettings, stageNetwork } from "../stages/settings.ts";
import { scoreMap } from "./scores.ts";

export interface ExportOptions {
  /** Folder of the map; must not exist. */
  readonly target: string;
  readonly name: string;
  readonly settings: RunSettings;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly engine: Engine;
  readonly folder: RunFolder;
  /** Versions of what the map is made with, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Called as the work goes on; `total` is the same throughout. */
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Places all images, scores the map, and writes the bundle.
 * @returns what map.json says
 * @throws UserError if the target exists or cannot be written
 */
export async function exportMap(options: ExportOptions): Promise<MapInfoWithoutFiles> {
  const { target, settings, weights, dataset, engine, onProgress } = options;
  const last = settings.stages.at(-1)!;
  const networkOptions = stageNetwork(settings, last);
  const encoder = buildEncoder(weights, networkOptions);
  const dim = last.outDim as 2 | 3;
  const featureDim = featureDimOf(networkOptions);
  const steps = dataset.count + EXTRA_STEPS;
  const { embedding, features, statistics } = await embedDataset(
    engine,
    encoder,
    dataset,
    undefined,
    (done) => onProgress(done, steps),
  );
  const labels = dataset.paths.map((_, i) => dataset.labels?.[i] ?? null);
  const compact = await compactWithNovelty({ features, statistics }, dataset.count);
  onProgress(dataset.count + 1, steps);
  const points = {
    count: dataset.count,
    dim,
    paths: dataset.paths,
    labels,
    coordinates: embedding,
    novelty: compact.novelty,
  };
  const info: MapInfoWithoutFiles = {
    ...describe(options, dim, featureDim),
    bounds: boundsOf(embedding, dim),
    scores: await scoreMap({
      labels,
      coordinates: embedding,
      dim,
      features,
      featureDim,
      seed: settings.seed,
    }),
  };
  onProgress(dataset.count + 2, steps);
  await writeBundle(target, async (dir) => {
    const preprocess = buildPreprocess({
      imageSize: settings.network.imageSize,
      fit: settings.fit,
      background: settings.background,
    });
    await writeFile(join(dir, bundleFiles.preprocess), preprocess);
    await writeFile(join(dir, bundleFiles.encoder), encoder);
    const compactDimension = compactDim(compact.features);
    const neighbours = buildNearest(compactDimension, dataset.count, foundNeighbours(dataset.count));
    await writeFile(join(dir, bundleFiles.neighbours), neighbours);
    await writeFile(join(dir, bundleFiles.points), encodePoints(points));
    await writeFile(join(dir, bundleFiles.features), encodeFeatures(compact.features));
    await mkdir(join(dir, "thumbnails"), { recursive: true });
    await writeThumbnails(dir, dataset.count, picturesOf(dataset));
    onProgress(dataset.count + 3, steps);
    const picture = await renderPng({ name: options.name, points, pictures: picturesOf(dataset) });
    await writeFile(join(dir, bundleFiles.picture), picture);
    const report = renderReport({ info, log: options.folder.readLog(), picture });
    await writeFile(join(dir, bundleFiles.report), report);
    await includeFolder(options.folder.path, join(dir, bundleFiles.training));
    return info;
  });
  onProgress(steps, steps);
  return info;
}

/** What is done after all images are placed: novelty, scores, thumbnails, pictures. */
const EXTRA_STEPS = 4;

function picturesOf(dataset: Dataset) {
  return {
    size: dataset.imageSize,
    read: (index: number, into: Uint8Array) => dataset.read(index, into, 0),
  };
}

async function compactWithNovelty(outputs: EncoderOutputs, count: number) {
  const { compaction, codes } = compactFeatures(outputs, count);
  const vectors = Float32Array.from(codes);
  const found = await nearestNeighbours(vectors, vectors, {
    dim: compactDim(compaction),
    k: noveltyNeighbours(count),
    exclude: Uint32Array.from({ length: count }, (_, i) => i),
  });
  const distances = meanDistances(found);
  const quantiles = distanceQuantiles(distances);
  return {
    features: { ...compaction, count, codes, distanceQuantiles: quantiles },
    novelty: distances.map((distance) => novelty(distance, quantiles)),
  };
}

function boundsOf(coordinates: Float32Array, dim: number): { min: number[]; max: number[] } {
  const min = new Array<number>(dim).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(dim).fill(Number.NEGATIVE_INFINITY);
  for (const [i, value] of coordinates.entries()) {
    min[i % dim] = Math.min(min[i % dim], value);
    max[i % dim] = Math.max(max[i % dim], value);
  }
  return { min, max };
}

function describe(
  { name, settings, dataset, versions }: ExportOptions,
  outDim: 2 | 3,
  featureDim: number,
): Omit<MapInfoWithoutFiles, "bounds" | "scores"> {
  const { backbone, stem, width, projectionHead, hiddenDim, imageSize } = settings.network;
  const classes = new Set(dataset.labels?.filter((label) => label !== undefined));
  return {
    schemaVersion: SCHEMA_VERSION,
    id: randomUUID(),
    name,
    createdAt: new Date().toISOString(),
    imageSize,
    outDim,
    fit: settings.fit,
    background: [...settings.background],
    kernel: settings.stages.at(-1)!.loss.kernel,
    network: { backbone, stem, width, projectionHead, hiddenDim, featureDim },
    stages: [...settings.stages],
    augmentations: settings.augmentations,
    batchSize: settings.batchSize,
    seed: settings.seed,
    classes: [...classes].sort(),
    counts: { images: dataset.count, skipped: dataset.skipped.length, otherFiles: dataset.otherFiles },
    skipped: dataset.skipped.map(({ path, reason }) => ({ path, reason })),
    versions: { ...versions },
  };
}
