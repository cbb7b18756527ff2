import type { Bundle } from "./bundle/bundle.node.ts";
import { bundleFiles } from "./bundle/files.ts";
import { type Embedder, openEmbedder } from "./embedder.ts";
import { decodeFeatures } from "./features.ts";
import { nodeRuntime } from "./runtime.node.ts";

/** The embedder of a map on disk. @throws UserError if one of its files is missing or damaged */
export async function openBundleEmbedder(bundle: Bundle): Promise<Embedder> {
  const files = {
    preprocess: await bundle.read(bundleFiles.preprocess),
    encoder: await bundle.read(bundleFiles.encoder),
    neighbours: await bundle.read(bundleFiles.neighbours),
    features: decodeFeatures(await bundle.read(bundleFiles.features)),
    imageSize: bundle.info.imageSize,
  };
  return await openEmbedder(files, nodeRuntime);
}
