// The last act of a run in the browser: the same bundle as in Node, as blobs.

import opentype from "opentype.js";
import medium from "roboto-fontface/fonts/roboto/Roboto-Medium.woff?url";
import regular from "roboto-fontface/fonts/roboto/Roboto-Regular.woff?url";
import { bundleFiles } from "../../models/bundle/files.ts";
import { type MapInfo, mapInfoSchema } from "../../models/bundle/map-info.ts";
import { renderReport } from "../../models/plot/report.ts";
import { compose, decoration, paint, type Scene, svg } from "../../models/plot/scene.ts";
import type { Fonts } from "../../models/plot/text.ts";
import { drawSheet, SHEET_QUALITY, thumbnailSheets, thumbnailSizeOf } from "../../models/thumbnails.ts";
import { type MakeMapOptions, makeMap } from "../../training/export/make-map.ts";
import type { LogRecord } from "../../training/stages/log.ts";
import { fetchBytes } from "../fetch.ts";
import { absolute } from "../runtime.web.ts";
import { imageOf } from "./image-data.ts";

export interface FinishOptions extends MakeMapOptions {
  readonly log: readonly LogRecord[];
  /** What training left, by the names of its files. */
  readonly training: ReadonlyMap<string, Uint8Array>;
  /** Draws a picture as a PNG; only a page can, no worker. */
  readonly drawPicture: (map: Painted) => Promise<Uint8Array>;
}

/** A picture of a map: its pixels, uint8 [height, width, 3], and an SVG of its words over the whole. */
export interface Painted {
  readonly scene: Pick<Scene, "width" | "height">;
  readonly pixels: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly svg: string;
}

/** Makes the map. @returns all files of the bundle by their names, and what map.json says */
export async function finishMap(options: FinishOptions) {
  const { name, dataset, log, training, drawPicture } = options;
  const { info, points, files } = await makeMap(options);
  const pictures = dataset.thumbnails;
  const all = new Map<string, Blob>();
  for (const [file, content] of Object.entries(files)) all.set(file, blobOf(content));
  const size = thumbnailSizeOf(info);
  for (const sheet of thumbnailSheets(dataset.count, size)) {
    all.set(sheet.name, await webp(await drawSheet(sheet, pictures, size), sheet.width, sheet.height));
  }
  const scene = compose({ name, points, pictures }, await loadFonts());
  const { pixels, width, height } = await paint(scene);
  const picture = await drawPicture({ scene, pixels, width, height, svg: svg(scene, decoration(scene)) });
  all.set(bundleFiles.picture, blobOf(picture));
  all.set(bundleFiles.report, new Blob([renderReport({ info, log, picture })], { type: "text/html" }));
  for (const [file, content] of training) all.set(`${bundleFiles.training}/${file}`, blobOf(content));
  const sums: MapInfo["files"] = {};
  for (const [file, content] of all) sums[file] = { sha256: await sha256(content), bytes: content.size };
  const complete = mapInfoSchema.parse({ ...info, files: sums });
  all.set(
    bundleFiles.info,
    new Blob([`${JSON.stringify(complete, null, 2)}\n`], { type: "application/json" }),
  );
  return { files: all, info: complete };
}

function blobOf(content: Uint8Array): Blob {
  return new Blob([content as Uint8Array<ArrayBuffer>]);
}

async function webp(rgb: Uint8Array, width: number, height: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.putImageData(imageOf(rgb, width, height), 0, 0);
  return await canvas.convertToBlob({ type: "image/webp", quality: SHEET_QUALITY / 100 });
}

async function loadFonts(): Promise<Fonts> {
  const font = async (url: string) => opentype.parse((await fetchBytes(absolute(url))).buffer);
  return { Regular: await font(regular), Medium: await font(medium) };
}

async function sha256(content: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await content.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
