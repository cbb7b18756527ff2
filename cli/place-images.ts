// Images of a source, decoded side by side and placed in batches, several at a time, in the source's order.

import { availableParallelism } from "node:os";
import type { Bundle } from "../models/bundle/bundle.node.ts";
import { decodeImage, decodeOptionsOf } from "../models/decode.node.ts";
import type { Embedder, Placement } from "../models/embedder.ts";
import { reasonOf } from "../models/errors.ts";
import { mapInOrder } from "../models/in-order.ts";
import { sortByPath } from "../training/dataset/names.ts";
import { type Skipped, strictError } from "../training/dataset/skipped.ts";
import type { ImageEntry, ImageSource } from "../training/dataset/source.ts";
import { BATCH, openEmbedderFor } from "./open-embedder.ts";
import type { Terminal } from "./terminal.ts";

/** Images of a batch that are decoded side by side. One batch more than there are processors is under way. */
const DECODES = 4;

export interface PlaceOptions {
  /** Fail at the first image that cannot be used, instead of skipping it. */
  readonly strict: boolean;
  /** Larger images are skipped. */
  readonly maxMegapixels: number;
}

export interface Placed extends Pick<Placement, "embedding" | "novelty"> {
  readonly path: string;
}

/** Both sorted by path. */
export interface PlacedImages {
  readonly placed: readonly Placed[];
  /** What could not be placed, or not even be found. */
  readonly skipped: readonly Skipped[];
}

type Outcome = Placed | Skipped;
type Prepared = { readonly path: string; readonly picture: Uint8Array } | Skipped;

/**
 * Where each image of a source falls on a map, which does not change. Shows its progress.
 * @throws UserError if the map is damaged, or with `strict` at the first image that cannot be used
 */
export async function placeImages(
  bundle: Bundle,
  source: ImageSource,
  { strict, maxMegapixels }: PlaceOptions,
  terminal: Terminal,
): Promise<PlacedImages> {
  const { entries } = source;
  if (strict && source.skipped.length > 0) throw strictError(source.skipped[0]);
  const embedder = await openEmbedderFor(bundle, entries.length);
  const options = { ...decodeOptionsOf(bundle.info), maxPixels: maxMegapixels * 1e6 };
  const prepare = async ({ path, read }: ImageEntry): Promise<Prepared> => {
    try {
      return { path, picture: await embedder.prepare(await decodeImage(await read(), options)) };
    } catch (error) {
      return { path, reason: reasonOf(error) };
    }
  };
  const place = async (batch: readonly ImageEntry[]): Promise<Outcome[]> => {
    const prepared: Prepared[] = [];
    for await (const item of mapInOrder(batch, DECODES, prepare)) prepared.push(item);
    return await placePrepared(prepared, embedder);
  };
  const batches = Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, i) =>
    entries.slice(i * BATCH, (i + 1) * BATCH),
  );
  const placed: Placed[] = [];
  const skipped: Skipped[] = [...source.skipped];
  let done = 0;
  try {
    for await (const outcomes of mapInOrder(batches, availableParallelism() + 1, place)) {
      for (const outcome of outcomes) {
        if (!("reason" in outcome)) placed.push(outcome);
        else if (strict) throw strictError(outcome);
        else skipped.push(outcome);
      }
      done += outcomes.length;
      terminal.progress({ task: "placing images", done, total: entries.length });
    }
  } finally {
    await embedder.close();
  }
  return { placed, skipped: sortByPath(skipped) };
}

async function placePrepared(batch: readonly Prepared[], embedder: Embedder): Promise<Outcome[]> {
  const pictures = batch.flatMap((item) => ("picture" in item ? [item.picture] : []));
  const placements = (await embedder.place(pictures)).values();
  return batch.map((item) => {
    if ("reason" in item) return item;
    const { embedding, novelty } = placements.next().value as Placement;
    return { path: item.path, embedding, novelty };
  });
}
