// Opens a trained map: a folder whose map.json lists every other file with its checksum.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { reasonOf, UserError } from "../errors.ts";
import { bundleFiles } from "./files.ts";
import { type MapInfo, mapInfoSchema, SCHEMA_VERSION } from "./map-info.ts";

/** An opened map. A file is checked whenever it is asked for. */
export interface Bundle {
  /** Absolute path of the folder. */
  readonly dir: string;
  readonly info: MapInfo;
  /** Whether map.json lists the file. */
  has(name: string): boolean;
  /** The content of a file. @throws UserError if it is missing or damaged */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The absolute path of a file. @throws UserError if it is missing or damaged */
  locate(name: string): Promise<string>;
}

const REMEDY = "copy the map again from where it came, or train it again";

/** Opens the map in a folder. @throws UserError if the folder holds none, or map.json is damaged or too new */
export async function openBundle(dir: string): Promise<Bundle> {
  const info = await readInfo(dir);
  const expected = (name: string) => {
    const file = Object.hasOwn(info.files, name) ? info.files[name] : undefined;
    if (!file) throw new UserError(`${dir}: the map has no file ${name}; ${REMEDY}`);
    return file;
  };
  const check = (name: string, found: { sha256: string; bytes: number }) => {
    const { sha256, bytes } = expected(name);
    if (found.bytes !== bytes) {
      throw new UserError(`${join(dir, name)} has ${found.bytes} bytes instead of ${bytes}; ${REMEDY}`);
    }
    if (found.sha256 !== sha256) {
      throw new UserError(`${join(dir, name)} is damaged: its checksum does not match; ${REMEDY}`);
    }
  };
  return {
    dir: resolve(dir),
    info,
    has: (name) => Object.hasOwn(info.files, name),
    async read(name) {
      expected(name);
      const bytes = await orMissing(dir, name, readFile(join(dir, name)));
      check(name, { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length });
      return bytes;
    },
    async locate(name) {
      expected(name);
      check(name, await orMissing(dir, name, digest(join(dir, name))));
      return join(resolve(dir), name);
    },
  };
}

/** Checks every file of a map. @throws UserError at the first that is missing or damaged */
export async function verifyBundle(dir: string): Promise<void> {
  const bundle = await openBundle(dir);
  for (const name of Object.keys(bundle.info.files)) await bundle.locate(name);
}

/** SHA-256 and size of a file, read in pieces. */
export async function digest(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { sha256: hash.digest("hex"), bytes };
}

async function orMissing<T>(dir: string, name: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = missing
      ? `${join(dir, name)} is missing`
      : `cannot read ${join(dir, name)}: ${reasonOf(error)}`;
    throw new UserError(`${why}; ${REMEDY}`);
  }
}

async function readInfo(dir: string): Promise<MapInfo> {
  const path = join(dir, bundleFiles.info);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UserError(await whyUnreadable(dir, error));
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new UserError(`${path} is damaged: it is not JSON; ${REMEDY}`);
  }
  const version = (content as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === "number" && version > SCHEMA_VERSION) {
    throw new UserError(
      `${dir}: the map has format ${version}, this tsimcne reads up to ${SCHEMA_VERSION}; update tsimcne`,
    );
  }
  const result = mapInfoSchema.safeParse(content);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue.path.length > 0 ? ` at ${issue.path.join(".")}` : "";
    throw new UserError(`${path} is damaged${where}: ${issue.message}; ${REMEDY}`);
  }
  return result.data;
}

async function whyUnreadable(dir: string, error: unknown): Promise<string> {
  const found = await stat(dir).catch(() => undefined);
  if (!found) return `${dir}: there is no such folder; name the folder of a trained map`;
  if (!found.isDirectory()) return `${dir}: not a folder; name the folder of a trained map`;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${dir}: not a trained map, it holds no ${bundleFiles.info}`;
  return `${join(dir, bundleFiles.info)}: cannot be read: ${reasonOf(error)}`;
}
