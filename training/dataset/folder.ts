import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { reasonOf } from "../../models/errors.ts";
import { imageKind } from "../../models/image-kind.ts";
import { hasImageExtension, isHidden } from "../../models/image-names.ts";
import { mapInOrder } from "../../models/in-order.ts";
import type { Contents, ImageEntry } from "./entries.ts";
import { fileReason } from "./file-reason.ts";
import { FILES_AT_ONCE, fileEntry, readHead } from "./files.ts";
import { firstFolder, sortByPath } from "./names.ts";
import type { Skipped } from "./skipped.ts";

/** A file, folder or link found on the way: `path` is relative to the root. */
interface Found {
  readonly path: string;
  readonly location: string;
}

/**
 * The images in a folder and in all folders below. The first folder level is the label. A file is taken for an image
 * if its name or its first bytes say so; hidden files and folders are passed over. Symbolic links are followed, but
 * every folder is read once only, so links may form loops.
 * @param exclude folders that are not entered, such as the one that the run writes to
 * @throws if the folder itself cannot be read
 */
export async function openFolder(root: string, exclude: readonly string[]): Promise<Contents> {
  const realRoot = await realpath(root);
  const excluded = new Set(
    await Promise.all(exclude.map((folder) => realpath(folder).catch(() => resolve(folder)))),
  );
  const seen = new Set<string>();
  const files: Found[] = [];
  const links: Found[] = [];
  const skipped: Skipped[] = [];
  let otherFiles = 0;

  /** Collects what is below a folder; `real` is its place with all links resolved. */
  async function walk(path: string, location: string, real: string): Promise<void> {
    seen.add(real);
    let children: Dirent[];
    try {
      children = await readdir(location, { withFileTypes: true });
    } catch (error) {
      if (path === "") throw error;
      skipped.push({ path, reason: fileReason(error) });
      return;
    }
    for (const child of children) {
      if (isHidden(child.name)) continue;
      const found = {
        path: path === "" ? child.name : `${path}/${child.name}`,
        location: join(location, child.name),
      };
      if (child.isDirectory()) await enter(found, join(real, child.name));
      else if (child.isSymbolicLink()) links.push(found);
      else if (child.isFile() || hasImageExtension(child.name)) files.push(found);
      else otherFiles++;
    }
  }

  async function enter(folder: Found, real: string): Promise<void> {
    if (excluded.has(real)) return;
    const loops = realRoot === real || realRoot.startsWith(real.endsWith(sep) ? real : real + sep);
    if (loops) skipped.push({ path: folder.path, reason: "link to a folder around it (a loop)" });
    else if (seen.has(real))
      skipped.push({ path: folder.path, reason: "link to a folder that is read already" });
    else await walk(folder.path, folder.location, real);
  }

  await walk("", root, realRoot);
  // Links come last, so that a folder keeps its own name rather than that of a link to it.
  for (let level = links.splice(0); level.length > 0; level = links.splice(0)) {
    for (const link of sortByPath(level)) {
      try {
        const target = await stat(link.location);
        if (target.isDirectory()) await enter(link, await realpath(link.location));
        else files.push(link);
      } catch (error) {
        const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
        skipped.push({ path: link.path, reason: gone ? "link to nothing" : fileReason(error) });
      }
    }
  }

  const entries: ImageEntry[] = [];
  for await (const result of mapInOrder(files, FILES_AT_ONCE, look)) {
    if (result === undefined) otherFiles++;
    else if ("reason" in result) skipped.push(result);
    else entries.push(result);
  }
  return { entries, skipped, otherFiles, close: async () => {} };
}

/** The entry of a file, why it cannot be one, or undefined if it is no image. */
async function look({ path, location }: Found): Promise<ImageEntry | Skipped | undefined> {
  try {
    const entry = await fileEntry(location, path, firstFolder(path));
    const image = hasImageExtension(path) || imageKind(await readHead(location)) !== undefined;
    return image ? entry : undefined;
  } catch (error) {
    // Node shows bytes that are no UTF-8 as U+FFFD, and then cannot find the file.
    const reason = path.includes("\ufffd") ? "the name is not valid UTF-8 (rename it)" : reasonOf(error);
    return hasImageExtension(path) || path.includes("\ufffd") ? { path, reason } : undefined;
  }
}
