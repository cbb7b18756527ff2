import type { Bundle } from "./bundle/bundle.node.ts";
import { bundleFiles } from "./bundle/files.ts";
import type { EmbedderFiles } from "./embedder.ts";
import { decodeFeatures } from "./features-file.ts";

/** What an embedder needs of a map. @throws UserError if one of the files is missing or damaged */
export async function readEmbedderFiles({
  info,
  read,
}: Pick<Bundle, "info" | "read">): Promise<EmbedderFiles> {
  return {
    preprocess: await read(bundleFiles.preprocess),
    encoder: await read(bundleFiles.encoder),
    neighbours: await read(bundleFiles.neighbours),
    features: decodeFeatures(await read(bundleFiles.features)),
    imageSize: info.imageSize,
  };
}
