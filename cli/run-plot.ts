// The command `plot`: the picture of a map, in the format that the file's name asks for.

import { extname } from "node:path";
import { openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import { renderHtml, renderPng, renderSvg } from "../models/plot/render.node.ts";
import type { MapPlot } from "../models/plot/scene.ts";
import { decodePoints } from "../models/points.ts";
import { bundlePictures } from "../models/thumbnails.node.ts";
import type { PlotArguments } from "./commands/plot.ts";
import { printResult } from "./result.ts";
import { UsageError } from "./usage.ts";
import { writeWhole } from "./write-whole.ts";

const renderers: Record<string, (plot: MapPlot) => Promise<string | Uint8Array>> = {
  ".png": renderPng,
  ".svg": renderSvg,
  ".html": renderHtml,
};

/** @throws UserError if the map is damaged or the file cannot be written */
export async function runPlot(args: PlotArguments): Promise<void> {
  const render = renderers[extname(args.out).toLowerCase()];
  if (!render)
    throw new UsageError(`--out ${args.out}: the name must end in ${Object.keys(renderers).join(", ")}`);
  const bundle = await openBundle(args.map);
  const points = await decodePoints(await bundle.read(bundleFiles.points));
  const pictures = args.show === "pictures" ? bundlePictures(bundle) : undefined;
  writeWhole(args.out, await render({ name: bundle.info.name, points, pictures }));
  printResult(args.json, { out: args.out }, [args.out]);
}
