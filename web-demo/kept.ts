// What the page keeps in this browser: a run that goes on, and the map it ended in.

import { createStore, del, get, keys, set, update } from "idb-keyval";
import { UserError } from "../models/errors.ts";

const store = createStore("tsimcne", "kept");

/** The files of a map by their names. */
export type KeptMap = ReadonlyMap<string, Blob>;

const MAP = "map";

/** The map that was trained here last; undefined where there is none. */
export function keptMap(): Promise<KeptMap | undefined> {
  return get(MAP, store);
}

export async function keepMap(files: KeptMap): Promise<void> {
  await keep(MAP, files);
}

/** What is kept under a name. */
export function kept<T>(name: string): Promise<T | undefined> {
  return get(name, store);
}

/** @throws UserError if there is no room for it */
export async function keep(name: string, value: unknown): Promise<void> {
  await withRoom(set(name, value, store));
}

/** Changes what is kept under a name, in one transaction. @throws UserError if there is no room for it */
export async function change<T>(name: string, next: (now: T | undefined) => T): Promise<void> {
  await withRoom(update<T>(name, next, store));
}

async function withRoom(written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    if ((error as Error).name !== "QuotaExceededError") throw error;
    throw new UserError(
      "this browser has no room to keep that: free some of the disk, or take fewer images",
      {
        cause: error,
      },
    );
  }
}

/** The names under which something is kept that begin so. */
export async function keptNames(prefix: string): Promise<string[]> {
  return (await keys<string>(store)).filter((name) => name.startsWith(prefix));
}

export async function forget(names: readonly string[]): Promise<void> {
  for (const name of names) await del(name, store);
}
