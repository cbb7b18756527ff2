// The command `evaluate`: the scores of a map, and with labelled images the held-out score.

import { openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import type { Scores } from "../models/bundle/map-info.ts";
import { UserError } from "../models/errors.ts";
import { decodePoints } from "../models/points.ts";
import type { Skipped } from "../training/dataset/skipped.ts";
import { openSource } from "../training/dataset/source.ts";
import { heldOutKnn } from "../training/evaluation/knn.ts";
import { nearestNeighbours } from "../training/evaluation/nearest.node.ts";
import type { EvaluateArguments } from "./commands/evaluate.ts";
import { openEmbedderFor } from "./open-embedder.ts";
import { placeImages } from "./place-images.ts";
import { noteSkipped } from "./read-images.ts";
import { scoreLines } from "./scores.ts";
import { Terminal } from "./terminal.ts";

/** @throws UserError if the map is damaged, or there are no labels to score by */
export async function runEvaluate(args: EvaluateArguments): Promise<void> {
  const terminal = new Terminal(args.quiet);
  const bundle = await openBundle(args.map);
  const scores: Scores = { ...bundle.info.scores };
  let skipped: readonly Skipped[] = [];
  if (args.images !== undefined) {
    const points = await decodePoints(await bundle.read(bundleFiles.points));
    if (points.labels.every((label) => label === null)) {
      throw new UserError(`${args.map}: the map has no labels, so new images cannot be scored by it`);
    }
    const placed = await placeLabelled(args, bundle, terminal);
    skipped = placed.skipped;
    const training = { vectors: points.coordinates, labels: points.labels };
    const score = await heldOutKnn(placed, training, { dim: points.dim, findNearest: nearestNeighbours });
    if (!score)
      throw new UserError(`${args.images}: no image has a label; put each class into a folder of its own`);
    scores.knnHeldOut = score;
  }
  if (args.json) {
    const map = { id: bundle.info.id, name: bundle.info.name };
    process.stdout.write(`${JSON.stringify({ map, images: bundle.info.counts.images, scores, skipped })}\n`);
    return;
  }
  const lines = [`${bundle.info.name}: ${bundle.info.counts.images} images`, ...scoreLines(scores)];
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function placeLabelled(
  args: EvaluateArguments,
  bundle: Awaited<ReturnType<typeof openBundle>>,
  terminal: Terminal,
) {
  const source = await openSource(args.images as string);
  const embedder = await openEmbedderFor(bundle, source.entries.length);
  const skipped: Skipped[] = [...source.skipped];
  const labels: (string | undefined)[] = [];
  const coordinates: number[] = [];
  try {
    const labelOf = new Map(source.entries.map(({ path, label }) => [path, label]));
    let done = 0;
    for await (const item of placeImages(source, embedder, bundle.info, {
      maxPixels: args.maxMegapixels * 1e6,
    })) {
      if ("reason" in item) {
        if (args.strict)
          throw new UserError(`${item.path}: ${item.reason} (without --strict it would be skipped)`);
        skipped.push(item);
      } else {
        labels.push(labelOf.get(item.path));
        coordinates.push(...item.embedding);
      }
      terminal.progress({ task: "placing images", done: ++done, total: source.entries.length });
    }
  } finally {
    await source.close();
    await embedder.close();
  }
  noteSkipped({ skipped, otherFiles: source.otherFiles }, terminal);
  return { vectors: Float32Array.from(coordinates), labels, skipped };
}
