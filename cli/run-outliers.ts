// The command `outliers`: the images of a map that are least like the others, by their novelty.

import { openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import { idAndName } from "../models/bundle/map-info.ts";
import { mostNovel } from "../models/novelty.ts";
import { decodePoints } from "../models/points.ts";
import type { OutliersArguments } from "./commands/outliers.ts";
import { printResult, shownPath } from "./result.ts";

/** @throws UserError if the map is damaged */
export async function runOutliers(args: OutliersArguments): Promise<void> {
  const bundle = await openBundle(args.map);
  const { paths, labels, novelty } = await decodePoints(await bundle.read(bundleFiles.points));
  const images = mostNovel(novelty, args.top).map((i) => ({
    path: paths[i],
    label: labels[i],
    novelty: novelty[i],
  }));
  const lines = images.map((image) => `${image.novelty.toFixed(3)}  ${shownPath(image.path)}`);
  printResult(args.json, { map: idAndName(bundle.info), images }, lines);
}
