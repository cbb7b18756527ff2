// The command `duplicates`: which images of a map show the same. They were found when the map was made.

import { openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import { idAndName } from "../models/bundle/map-info.ts";
import { duplicateGroups } from "../models/duplicates.ts";
import { UserError } from "../models/errors.ts";
import { decodePoints } from "../models/points.ts";
import type { DuplicatesArguments } from "./commands/duplicates.ts";
import { printResult, shownPath } from "./result.ts";
import { Terminal } from "./terminal.ts";

/** @throws UserError if the map is damaged, or was made before duplicates were looked for */
export async function runDuplicates(args: DuplicatesArguments): Promise<void> {
  const bundle = await openBundle(args.map);
  const { paths, labels, duplicateOf } = await decodePoints(await bundle.read(bundleFiles.points));
  if (!duplicateOf) {
    throw new UserError(`${args.map}: an earlier version made this map and did not look: train it again`);
  }
  const groups = duplicateGroups(duplicateOf);
  const more = groups.reduce((sum, { length }) => sum + length - 1, 0);
  const inGroups = groups.length === 1 ? "in one group" : `in ${groups.length} groups`;
  const told = groups.length > 0 ? `${more} more than needed, ${inGroups}` : "no two show the same";
  new Terminal(args.quiet).note(`${bundle.info.counts.images} images: ${told}`);
  const result = groups.map((group) => group.map((i) => ({ path: paths[i], label: labels[i] })));
  const lines = groups.flatMap((group, g) => [
    ...(g > 0 ? [""] : []),
    ...group.map((i) => shownPath(paths[i])),
  ]);
  printResult(args.json, { map: idAndName(bundle.info), groups: result }, lines);
}
