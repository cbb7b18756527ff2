// From locations on the command line to a data set, with its progress shown.

import { type Rgb, toHex } from "../models/color.ts";
import type { Fit } from "../models/fit.ts";
import { openPreprocessor } from "../models/preprocessor.ts";
import { nodeRuntimeWithThreads } from "../models/runtime.node.ts";
import { buildPreprocess } from "../training/artifacts/preprocess.ts";
import { prepareDataset } from "../training/dataset/cache.ts";
import { openSource } from "../training/dataset/source.ts";
import type { StoredDataset } from "../training/dataset/stored-dataset.ts";
import { thumbnailSizeFor } from "../training/dataset/thumbnail-size.ts";
import type { Terminal } from "./terminal.ts";

export interface ReadOptions {
  readonly imageSize: number;
  readonly fit: Fit;
  readonly background: Rgb;
  readonly strict: boolean;
  readonly maxMegapixels: number;
  /** Folders that are not searched for images. */
  readonly exclude?: readonly string[];
  readonly cache?: string;
  readonly signal?: AbortSignal;
}

/**
 * Finds, decodes and resizes all images, or takes them from the cache.
 * @throws UserError where there is nothing to use, or with `strict` at the first image that cannot be used
 */
export async function readImages(
  locations: string | readonly string[],
  options: ReadOptions,
  terminal: Terminal,
): Promise<StoredDataset> {
  const { imageSize, fit, background } = options;
  const source = await openSource(locations, { exclude: options.exclude });
  const thumbnailSize = await thumbnailSizeFor(source.entries, imageSize);
  const model = buildPreprocess({ imageSize, fit, background });
  // One thread: the others decode meanwhile, and would be held up by threads that wait for work.
  const preprocessor = await openPreprocessor(model, nodeRuntimeWithThreads(1), imageSize);
  try {
    return await prepareDataset(source, {
      imageSize,
      fit,
      background: toHex(background),
      maxPixels: options.maxMegapixels * 1e6,
      preprocess: (pixels) => preprocessor.run(pixels),
      thumbnailSize: thumbnailSize > imageSize ? thumbnailSize : undefined,
      settingsKey: "preprocess.onnx 2",
      cacheDirectory: options.cache,
      strict: options.strict,
      signal: options.signal,
      onProgress: (done, total, skipped) =>
        terminal.progress({ task: "reading images", done, total, note: skipped ? `${skipped} skipped` : "" }),
    });
  } finally {
    await source.close();
    await preprocessor.close();
  }
}

/** How many skipped files are named on the terminal; --json lists them all. */
const SHOWN = 5;

/** Tells what was left out, and why. */
export function noteSkipped(
  dataset: Pick<StoredDataset, "skipped" | "otherFiles">,
  terminal: Terminal,
): void {
  const { skipped, otherFiles } = dataset;
  if (skipped.length > 0) {
    terminal.note(`${skipped.length} ${skipped.length === 1 ? "file was" : "files were"} skipped:`);
    for (const { path, reason } of skipped.slice(0, SHOWN))
      terminal.note(`  ${JSON.stringify(path)}: ${reason}`);
    if (skipped.length > SHOWN)
      terminal.note(`  … and ${skipped.length - SHOWN} more; --json lists them all`);
  }
  if (otherFiles > 0) terminal.note(`${otherFiles} other files are no images`);
}
