// The command `evaluate`: the scores of a map, and with labelled images the held-out score.

import { type Bundle, openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import { idAndName, type Scores } from "../models/bundle/map-info.ts";
import { UserError } from "../models/errors.ts";
import { decodePoints } from "../models/points.ts";
import type { Skipped } from "../training/dataset/skipped.ts";
import { openSource } from "../training/dataset/source.ts";
import { heldOutKnn } from "../training/evaluation/knn.ts";
import { nearestNeighbours } from "../training/evaluation/nearest.node.ts";
import type { EvaluateArguments } from "./commands/evaluate.ts";
import { placeImages } from "./place-images.ts";
import { noteSkipped } from "./read-images.ts";
import { printResult } from "./result.ts";
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
    const placed = await placeLabelled(args.images, args, bundle, terminal);
    skipped = placed.skipped;
    const training = { vectors: points.coordinates, labels: points.labels };
    const score = await heldOutKnn(placed, training, { dim: points.dim, findNearest: nearestNeighbours });
    if (!score) throw new UserError(`${args.images}: none of the images with a label could be placed`);
    scores.knnHeldOut = score;
  }
  const { name, counts } = bundle.info;
  printResult(args.json, { map: idAndName(bundle.info), images: counts.images, scores, skipped }, [
    `${name}: ${counts.images} images`,
    ...scoreLines(scores),
  ]);
}

/** Where images fall, with their labels. @throws UserError if none has one */
async function placeLabelled(images: string, args: EvaluateArguments, bundle: Bundle, terminal: Terminal) {
  const source = await openSource(images);
  try {
    if (!source.labelled)
      throw new UserError(`${images}: no image has a label; put each class into a folder of its own`);
    const { placed, skipped } = await placeImages(bundle, source, args, terminal);
    noteSkipped({ skipped, otherFiles: source.otherFiles }, terminal);
    const labelOf = new Map(source.entries.map(({ path, label }) => [path, label]));
    return {
      vectors: Float32Array.from(placed.flatMap(({ embedding }) => embedding)),
      labels: placed.map(({ path }) => labelOf.get(path)),
      skipped,
    };
  } finally {
    await source.close();
  }
}
