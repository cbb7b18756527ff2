import type { Bundle } from "./bundle/bundle.node.ts";
import { type Embedder, openEmbedder } from "./embedder.ts";
import { readEmbedderFiles } from "./embedder-files.node.ts";
import { nodeRuntime } from "./runtime.node.ts";

/** The embedder of a map on disk. @throws UserError if one of its files is missing or damaged */
export async function openBundleEmbedder(bundle: Bundle): Promise<Embedder> {
  return await openEmbedder(await readEmbedderFiles(bundle), nodeRuntime);
}
