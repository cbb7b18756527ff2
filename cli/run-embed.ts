// The command `embed`: places images in data-set order; the map does not change.

import { type Bundle, openBundle } from "../models/bundle/bundle.node.ts";
import { idAndName } from "../models/bundle/map-info.ts";
import { placementsCsv } from "../models/csv.ts";
import { UserError } from "../models/errors.ts";
import { encodePoints } from "../models/points.ts";
import type { Skipped } from "../training/dataset/skipped.ts";
import { openSource } from "../training/dataset/source.ts";
import type { EmbedArguments } from "./commands/embed.ts";
import { type Placed, placeImages } from "./place-images.ts";
import { Terminal } from "./terminal.ts";
import { UsageError } from "./usage.ts";
import { writeWhole } from "./write-whole.ts";

/** @throws UserError if the map is damaged, nothing could be placed, or with --strict an image could not be */
export async function runEmbed(args: EmbedArguments): Promise<void> {
  const { format } = args;
  if (args.json && format !== "json") throw new UsageError(`--json does not go with --format ${format}`);
  if (format === "parquet" && args.out === undefined) {
    throw new UsageError("--format parquet is not for a terminal: name a file with --out");
  }
  const terminal = new Terminal(args.quiet);
  const bundle = await openBundle(args.map);
  const source = await openSource(args.images);
  const { placed, skipped } = await placeImages(bundle, source, args, terminal).finally(source.close);
  for (const { path, reason } of skipped) terminal.note(`${JSON.stringify(path)} was not placed: ${reason}`);
  const content = encode(format, bundle, placed, skipped);
  if (args.out === undefined) process.stdout.write(content);
  else writeWhole(args.out, content);
  if (placed.length === 0) throw new UserError("no image could be placed");
}

function encode(
  format: "json" | "csv" | "parquet",
  { info }: Bundle,
  results: readonly Placed[],
  errors: readonly Skipped[],
): string | Uint8Array {
  if (format === "json") {
    return `${JSON.stringify({ map: idAndName(info), results, errors })}\n`;
  }
  if (format === "parquet") {
    return encodePoints({
      count: results.length,
      dim: info.outDim,
      paths: results.map(({ path }) => path),
      labels: results.map(() => null),
      coordinates: Float32Array.from(results.flatMap(({ embedding }) => embedding)),
      novelty: Float32Array.from(results, ({ novelty }) => novelty),
    });
  }
  return placementsCsv(results, info.outDim);
}
