import { env } from "onnxruntime-node";
import sharp from "sharp";
import { packageVersion } from "./package-version.ts";

/** Versions of what a map is made with. */
export function toolVersions(): Record<string, string> {
  return {
    tsimcne: packageVersion,
    node: process.versions.node,
    "onnxruntime-node": env.versions.node ?? env.versions.common,
    sharp: sharp.versions.sharp,
  };
}
