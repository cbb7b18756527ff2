// Writes a trained map so that a reader never sees half of one: all files go to a folder beside the target, which
// takes the target's name only when everything is on the disk.

import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { reasonOf, UserError } from "../errors.ts";
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
  const path = resolve(target);
  await refuseExisting(target, path);
  const parent = dirname(path);
  const temporary = join(parent, `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  const firstMade = await makeFolder(target, temporary);
  try {
    const info = await fill(temporary);
    await seal(temporary, info);
    await refuseExisting(target, path);
    await rename(temporary, path);
    await flush(parent);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    await removeEmpty(parent, firstMade);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    throw new UserError(`cannot write ${target}: the disk is full; free some space and run again`, {
      cause: error,
    });
  }
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

/** Waits until a file, or the list of files of a folder, is on the disk. */
async function flush(path: string): Promise<void> {
  // Windows opens no folders, and refuses to flush what was opened for reading only.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function refuseExisting(target: string, path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found) throw new UserError(`${target} exists already; choose another name or remove it first`);
}

/** @returns the first of the folders that had to be made */
async function makeFolder(target: string, path: string): Promise<string> {
  try {
    return (await mkdir(path, { recursive: true })) ?? path;
  } catch (error) {
    throw new UserError(`cannot write ${target}: ${reasonOf(error)}; choose another folder`, {
      cause: error,
    });
  }
}

/** Removes a folder and its parents down to `last`, as far as they are empty. */
async function removeEmpty(folder: string, last: string): Promise<void> {
  for (let path = folder; path.length >= last.length; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      return;
    }
  }
}
