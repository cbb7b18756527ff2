// Images of a source, decoded side by side and placed in batches, several at a time, in the source's order.

import { availableParallelism } from "node:os";
import type { MapInfo } from "../models/bundle/map-info.ts";
import { decodeImage, decodeOptionsOf } from "../models/decode.node.ts";
import type { Embedder, Placement } from "../models/embedder.ts";
import { reasonOf } from "../models/errors.ts";
import { mapInOrder } from "../models/in-order.ts";
import type { Skipped } from "../training/dataset/skipped.ts";
import type { ImageEntry, ImageSource } from "../training/dataset/source.ts";

/** Images placed at once. */
export const BATCH = 64;
/** Images of a batch that are decoded side by side. One batch more than there are processors is under way. */
const DECODES = 4;

type Placed = Pick<Placement, "embedding" | "novelty"> & { readonly path: string };
type Outcome = Placed | Skipped;
type Prepared = { readonly path: string; readonly picture: Uint8Array } | Skipped;

/** Where each image falls, or why it could not be placed. */
export async function* placeImages(
  source: ImageSource,
  embedder: Embedder,
  info: Pick<MapInfo, "imageSize" | "background">,
  { maxPixels }: { maxPixels: number },
): AsyncGenerator<Outcome> {
  const options = { ...decodeOptionsOf(info), maxPixels };
  const prepare = async ({ path, read }: ImageEntry): Promise<Prepared> => {
    try {
      return { path, picture: await embedder.prepare(await decodeImage(await read(), options)) };
    } catch (error) {
      return { path, reason: reasonOf(error) };
    }
  };
  const batches = Array.from({ length: Math.ceil(source.entries.length / BATCH) }, (_, i) =>
    source.entries.slice(i * BATCH, (i + 1) * BATCH),
  );
  const placed = mapInOrder(batches, availableParallelism() + 1, async (entries) => {
    const prepared: Prepared[] = [];
    for await (const item of mapInOrder(entries, DECODES, prepare)) prepared.push(item);
    return await placeBatch(prepared, embedder);
  });
  for await (const outcomes of placed) yield* outcomes;
}

async function placeBatch(batch: readonly Prepared[], embedder: Embedder): Promise<Outcome[]> {
  const pictures = batch.flatMap((item) => ("picture" in item ? [item.picture] : []));
  const placements = (await embedder.place(pictures)).values();
  return batch.map((item) => {
    if ("reason" in item) return item;
    const { embedding, novelty } = placements.next().value as Placement;
    return { path: item.path, embedding, novelty };
  });
}
