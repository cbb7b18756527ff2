// The last act of a run: from finished weights to everything that a map consists of, but the pictures.

import { bundleFiles } from "../../models/bundle/files.ts";
import { type MapInfoWithoutFiles, SCHEMA_VERSION } from "../../models/bundle/map-info.ts";
import { foundNeighbours } from "../../models/feature-search.ts";
import { compactDim, compactFeatures, type EncoderOutputs } from "../../models/features.ts";
import { encodeFeatures } from "../../models/features-file.ts";
import { distanceQuantiles, meanDistances, novelty, noveltyNeighbours } from "../../models/novelty.ts";
import { encodePoints, type MapPoints } from "../../models/points.ts";
import { thumbnailSize } from "../../models/thumbnails.ts";
import { buildEncoder } from "../artifacts/encoder.ts";
import { buildPreprocess } from "../artifacts/preprocess.ts";
import { type Dataset, datasetPictures } from "../dataset/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import type { FindNearest } from "../evaluation/nearest.ts";
import { buildNearest } from "../evaluation/nearest-graph.ts";
import { featureDim as featureDimOf } from "../networks/backbone.ts";
import type { Weights } from "../networks/model.ts";
import { embedDataset } from "../stages/embed-dataset.ts";
import { type RunSettings, stageNetwork } from "../stages/settings.ts";
import { findDuplicates } from "./find-duplicates.ts";
import { scoreMap } from "./scores.ts";

export interface MakeMapOptions {
  readonly name: string;
  readonly settings: RunSettings;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly engine: Engine;
  readonly findNearest: FindNearest;
  /** Versions of what the map is made with, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Called as the work goes on; `total` is the same throughout. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface MadeMap {
  readonly info: MapInfoWithoutFiles;
  readonly points: MapPoints;
  /** Models, points and features by the names of their files. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** What is done after all images are placed: novelty and duplicates, scores. */
const EXTRA_STEPS = 2;

/** Places all images and scores the map. */
export async function makeMap(options: MakeMapOptions): Promise<MadeMap> {
  const { settings, weights, dataset, engine, findNearest, onProgress } = options;
  const { count } = dataset;
  const last = settings.stages.at(-1)!;
  const networkOptions = stageNetwork(settings, last);
  const encoder = buildEncoder(weights, networkOptions);
  const dim = last.outDim as 2 | 3;
  const featureDim = featureDimOf(networkOptions);
  const steps = count + EXTRA_STEPS;
  const placed = await embedDataset(engine, encoder, dataset, undefined, (done) => onProgress(done, steps));
  const { embedding, features } = placed;
  const labels = dataset.paths.map((_, i) => dataset.labels?.[i] ?? null);
  const compact = await compactWithNovelty(placed, count, findNearest);
  const { found } = compact;
  const duplicateOf = await findDuplicates({ count, pictures: datasetPictures(dataset), found });
  onProgress(count + 1, steps);
  const points: MapPoints = {
    count,
    dim,
    paths: dataset.paths,
    labels,
    coordinates: embedding,
    novelty: compact.novelty,
    duplicateOf,
  };
  const scores = await scoreMap({
    labels,
    coordinates: embedding,
    dim,
    features,
    featureDim,
    seed: settings.seed,
    findNearest,
  });
  onProgress(steps, steps);
  const { imageSize } = settings.network;
  return {
    info: { ...describe(options, points, featureDim), bounds: boundsOf(embedding, dim), scores },
    points,
    files: {
      [bundleFiles.preprocess]: buildPreprocess({
        imageSize,
        fit: settings.fit,
        background: settings.background,
      }),
      [bundleFiles.encoder]: encoder,
      [bundleFiles.neighbours]: buildNearest(compactDim(compact.features), count, foundNeighbours(count)),
      [bundleFiles.points]: encodePoints(points),
      [bundleFiles.features]: encodeFeatures(compact.features),
    },
  };
}

/** Compact vectors of all images, how unusual each is among them, and the nearest of each that this goes by. */
export async function compactWithNovelty(outputs: EncoderOutputs, count: number, findNearest: FindNearest) {
  const { compaction, codes } = compactFeatures(outputs, count);
  const vectors = Float32Array.from(codes);
  const found = await findNearest(vectors, vectors, {
    dim: compactDim(compaction),
    k: noveltyNeighbours(count),
    exclude: Uint32Array.from({ length: count }, (_, i) => i),
  });
  const distances = meanDistances(found);
  const quantiles = distanceQuantiles(distances);
  return {
    features: { ...compaction, count, codes, distanceQuantiles: quantiles },
    novelty: distances.map((distance) => novelty(distance, quantiles)),
    found,
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
  { name, settings, dataset, versions }: MakeMapOptions,
  { dim, duplicateOf }: MapPoints,
  featureDim: number,
): Omit<MapInfoWithoutFiles, "bounds" | "scores"> {
  const { backbone, stem, width, projectionHead, hiddenDim, imageSize } = settings.network;
  const classes = new Set(dataset.labels?.filter((label) => label !== undefined));
  return {
    schemaVersion: SCHEMA_VERSION,
    id: crypto.randomUUID(),
    name,
    createdAt: new Date().toISOString(),
    imageSize,
    thumbnailSize: thumbnailSize(dataset.count, dataset.thumbnails.size),
    outDim: dim,
    fit: settings.fit,
    background: [...settings.background],
    kernel: settings.stages.at(-1)!.loss.kernel,
    network: { backbone, stem, width, projectionHead, hiddenDim, featureDim },
    // How a budget would share its time is no part of what was run.
    stages: settings.stages.map(({ share: _, ...stage }) => stage),
    augmentations: settings.augmentations,
    batchSize: settings.batchSize,
    seed: settings.seed,
    classes: [...classes].sort(),
    counts: {
      images: dataset.count,
      skipped: dataset.skipped.length,
      otherFiles: dataset.otherFiles,
      duplicates: duplicateOf?.reduce((sum, first) => sum + Number(first >= 0), 0),
    },
    skipped: dataset.skipped.map(({ path, reason }) => ({ path, reason })),
    versions: { ...versions },
  };
}
