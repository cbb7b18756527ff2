// Images of a source, decoded side by side and placed in batches, in the source's order.

import { availableParallelism } from "node:os";
import type { MapInfo } from "../models/bundle/map-info.ts";
import { decodeImage, decodeOptionsOf } from "../models/decode.node.ts";
import type { Embedder, Placement } from "../models/embedder.ts";
import { reasonOf } from "../models/errors.ts";
import { mapInOrder } from "../training/dataset/in-order.ts";
import type { Skipped } from "../training/dataset/skipped.ts";
import type { ImageSource } from "../training/dataset/source.ts";

/** Images placed at once. */
const BATCH = 64;
/** Images decoded side by side, for each processor. */
const DECODES = 4;

type Placed = Pick<Placement, "embedding" | "novelty"> & { readonly path: string };
type Outcome = Placed | Skipped;

/** Where each image falls, or why it could not be placed. */
export async function* placeImages(
  source: ImageSource,
  embedder: Embedder,
  info: Pick<MapInfo, "imageSize" | "background">,
  { maxPixels }: { maxPixels: number },
): AsyncGenerator<Outcome> {
  const options = { ...decodeOptionsOf(info), maxPixels };
  const prepared = mapInOrder(source.entries, DECODES * availableParallelism(), async ({ path, read }) => {
    try {
      return { path, picture: await embedder.prepare(await decodeImage(await read(), options)) };
    } catch (error) {
      return { path, reason: reasonOf(error) };
    }
  });
  let batch: ({ path: string; picture: Uint8Array } | Skipped)[] = [];
  for await (const item of prepared) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield* await placeBatch(batch, embedder);
    batch = [];
  }
  yield* await placeBatch(batch, embedder);
}

async function placeBatch(
  batch: readonly ({ path: string; picture: Uint8Array } | Skipped)[],
  embedder: Embedder,
): Promise<Outcome[]> {
  const pictures = batch.flatMap((item) => ("picture" in item ? [item.picture] : []));
  const placements = (await embedder.place(pictures)).values();
  return batch.map((item) => {
    if ("reason" in item) return item;
    const { embedding, novelty } = placements.next().value as Placement;
    return { path: item.path, embedding, novelty };
  });
}
