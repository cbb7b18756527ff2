import { createRequire } from "node:module";
import { env } from "onnxruntime-node";
import sharp from "sharp";

const require = createRequire(import.meta.url);

/** Versions of what a map is made with. */
export function toolVersions(): Record<string, string> {
  const own = import.meta.url.endsWith(".ts") ? "../package.json" : "../../package.json";
  return {
    tsimcne: (require(own) as { version: string }).version,
    node: process.versions.node,
    "onnxruntime-node": env.versions.node ?? env.versions.common,
    sharp: sharp.versions.sharp,
  };
}
