// Writes a finished map to disk, with its pictures and what its training left.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleFiles } from "../../models/bundle/files.ts";
import type { MapInfoWithoutFiles } from "../../models/bundle/map-info.ts";
import { includeFolder, writeBundle } from "../../models/bundle/write-bundle.node.ts";
import { renderPng } from "../../models/plot/render.node.ts";
import { renderReport } from "../../models/plot/report.ts";
import { writeThumbnails } from "../../models/thumbnails.node.ts";
import { thumbnailSizeOf } from "../../models/thumbnails.ts";
import type { DiskRunFolder } from "../stages/run-folder.node.ts";
import { type MakeMapOptions, makeMap } from "./make-map.ts";

export interface ExportOptions extends MakeMapOptions {
  /** Folder of the map; must not exist. */
  readonly target: string;
  readonly folder: DiskRunFolder;
}

/** What is done after the map is made: thumbnails, picture and report. */
const EXTRA_STEPS = 2;

/**
 * Makes the map and writes the bundle.
 * @returns what map.json says
 * @throws UserError if the target exists or cannot be written
 */
export async function exportMap(options: ExportOptions): Promise<MapInfoWithoutFiles> {
  const { target, name, dataset, folder } = options;
  let steps = 0;
  const onProgress = (done: number, total: number) => {
    steps = total + EXTRA_STEPS;
    options.onProgress(done, steps);
  };
  const { info, points, files } = await makeMap({ ...options, onProgress });
  const pictures = dataset.thumbnails;
  await writeBundle(target, async (dir) => {
    for (const [file, content] of Object.entries(files)) await writeFile(join(dir, file), content);
    await mkdir(join(dir, "thumbnails"), { recursive: true });
    await writeThumbnails(dir, dataset.count, pictures, thumbnailSizeOf(info));
    options.onProgress(steps - 1, steps);
    const picture = await renderPng({ name, points, pictures });
    await writeFile(join(dir, bundleFiles.picture), picture);
    const report = renderReport({ info, log: await folder.readLog(), picture });
    await writeFile(join(dir, bundleFiles.report), report);
    await includeFolder(folder.path, join(dir, bundleFiles.training));
    return info;
  });
  options.onProgress(steps, steps);
  return info;
}
