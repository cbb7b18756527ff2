// The embedder of a map for so many images: few are placed by this thread, many by threads of their own, while this one
// reads and decodes the next.

import { availableParallelism } from "node:os";
import type { Bundle } from "../models/bundle/bundle.node.ts";
import { openBundleEmbedder } from "../models/embedder.node.ts";
import type { Embedder } from "../models/embedder.ts";
import { readEmbedderFiles } from "../models/embedder-files.node.ts";
import { openPreprocessor } from "../models/preprocessor.ts";
import { nodeRuntimeWithThreads } from "../models/runtime.node.ts";

/** Images placed at once. */
export const BATCH = 64;
/** So many images take longer to place than threads to start. */
const MANY = 500;
/** Milliseconds that the last pictures wait for others to fill their batch. */
const BATCH_WAIT = 20;

/** @throws UserError if one of the map's files is missing or damaged */
export async function openEmbedderFor(bundle: Bundle, images: number): Promise<Embedder> {
  if (images < MANY) return await openBundleEmbedder(bundle);
  const files = await readEmbedderFiles(bundle);
  const { imageSize } = files;
  const preprocessor = await openPreprocessor(files.preprocess, nodeRuntimeWithThreads(1), imageSize);
  const { PlacerPool } = await import("../serving/placer-pool.ts"); // is bundled apart: it starts a file of its own
  const options = { workers: availableParallelism(), batchSize: BATCH, batchWaitMs: BATCH_WAIT };
  const pool = await PlacerPool.open(files, options);
  return {
    prepare: (pixels) => preprocessor.run(pixels),
    place: (prepared, alike = 0) =>
      Promise.all(prepared.map((data) => pool.place({ data, height: imageSize, width: imageSize }, alike))),
    async close() {
      await pool.close();
      await preprocessor.close();
    },
  };
}
