// Writes a trained map so that a reader never sees half of one.

import { constants } from "node:fs";
import { copyFile, link, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { flush, writeFolder } from "../write-folder.node.ts";
import { digest } from "./bundle.node.ts";
import { bundleFiles } from "./files.ts";
import { type MapInfoWithoutFiles, mapInfoSchema } from "./map-info.ts";

/**
 * Makes the folder `target` a trained map; missing parent folders are made too.
 * @param fill writes all files but map.json into the folder it is given, and returns what map.json says
 * @throws UserError if the target exists, cannot be written or the disk is full; nothing is left behind then
 */
export async function writeBundle(
  target: string,
  fill: (temporaryDir: string) => Promise<MapInfoWithoutFiles>,
): Promise<void> {
  await writeFolder(target, async (temporary) => seal(temporary, await fill(temporary)));
}

/**
 * Puts a folder into a bundle under construction without moving it, so that it stays where it is should the bundle
 * fail: files are linked, or copied where the file system cannot link. Remove the original afterwards.
 */
export async function includeFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await includeFolder(source, copy);
    else await link(source, copy).catch(() => copyFile(source, copy, constants.COPYFILE_FICLONE));
  }
}

/** Adds map.json with the checksums, and waits until everything is on the disk. */
async function seal(folder: string, info: MapInfoWithoutFiles): Promise<void> {
  const files: Record<string, { sha256: string; bytes: number }> = {};
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    files[relative(folder, path).split(sep).join("/")] = await digest(path);
    await flush(path);
  }
  const content = mapInfoSchema.parse({ ...info, files });
  const infoPath = join(folder, bundleFiles.info);
  await writeFile(infoPath, `${JSON.stringify(content, null, 2)}\n`, { flag: "wx" });
  await flush(infoPath);
  for (const entry of entries) if (entry.isDirectory()) await flush(join(entry.parentPath, entry.name));
  await flush(folder);
}
