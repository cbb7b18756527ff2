// Which bytes a file had when it was last read, so that an unchanged file need not be read to know them again.

import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { sha256 } from "./sha256.ts";

/** SHA-256 of the bytes by stamp (see ImageEntry). */
export type Stamps = ReadonlyMap<string, string>;

const stampsSchema = z.record(z.string(), z.string());

/** The stamps that were saved for a source; none where they were never saved or are damaged. */
export async function readStamps(cacheDirectory: string, location: string): Promise<Stamps> {
  try {
    const saved = JSON.parse(await readFile(stampsFile(cacheDirectory, location), "utf8"));
    return new Map(Object.entries(stampsSchema.parse(saved)));
  } catch {
    return new Map();
  }
}

/** Saves the stamps of a source in place of earlier ones. */
export async function writeStamps(cacheDirectory: string, location: string, stamps: Stamps): Promise<void> {
  const file = stampsFile(cacheDirectory, location);
  await mkdir(join(cacheDirectory, "stamps"), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify(Object.fromEntries(stamps)));
  await rename(temporary, file);
}

function stampsFile(cacheDirectory: string, location: string): string {
  return join(cacheDirectory, "stamps", `${sha256(location).slice(0, 32)}.json`);
}
