// Writes a folder so that a reader never sees half of it: all files go to a folder beside the target, which takes the
// target's name only when everything is there.

import { randomUUID } from "node:crypto";
import { lstat, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { reasonOf, UserError } from "./errors.ts";

/**
 * Makes the folder `target`; missing parent folders are made too.
 * @param fill writes all files into the folder it is given
 * @throws UserError if the target exists, cannot be written or the disk is full; nothing is left behind then
 */
export async function writeFolder(
  target: string,
  fill: (temporaryDir: string) => Promise<void>,
): Promise<void> {
  const path = resolve(target);
  await refuseExisting(target, path);
  const parent = dirname(path);
  const temporary = join(parent, `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  const firstMade = await makeFolder(target, temporary);
  try {
    await fill(temporary);
    await refuseExisting(target, path);
    await rename(temporary, path);
    await flush(parent);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    await removeEmpty(parent, firstMade);
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const full = code === "ENOSPC" || code === "EDQUOT";
    const reason = full ? "the disk is full; free some space and run again" : reasonOf(error);
    throw new UserError(`cannot write ${target}: ${reason}`, { cause: error });
  }
}

/** Waits until a file, or the list of files of a folder, is on the disk. */
export async function flush(path: string): Promise<void> {
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
