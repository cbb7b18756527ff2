// The page and a map as files that any static host serves.

import { randomUUID } from "node:crypto";
import { copyFile, lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import { reasonOf, UserError } from "../models/errors.ts";

/**
 * Makes the folder `target` a static site; missing parent folders are made too.
 * @param pageDir the built page
 * @param mapDir the map, which is checked while it is copied; what only its training needs stays behind
 * @throws UserError if the target exists or cannot be written, or the map is damaged; nothing is left behind then
 */
export async function writeSite(pageDir: string, mapDir: string, target: string): Promise<void> {
  const bundle = await openBundle(mapDir);
  const page = await readdir(pageDir, { recursive: true, withFileTypes: true }).catch(() => []);
  if (page.length === 0) {
    throw new UserError("there is no web page in this installation; npm run build makes it");
  }
  const path = resolve(target);
  await refuseExisting(target, path);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  try {
    for (const entry of page.filter((entry) => entry.isFile())) {
      const from = join(entry.parentPath, entry.name);
      await copy(from, join(temporary, from.slice(pageDir.length)));
    }
    const names = Object.keys(bundle.info.files).filter(
      (name) => !name.startsWith(`${bundleFiles.training}/`),
    );
    for (const name of names) await copy(await bundle.locate(name), join(temporary, "map", name));
    const files = Object.fromEntries(names.map((name) => [name, bundle.info.files[name]]));
    await writeJson(join(temporary, "map", bundleFiles.info), { ...bundle.info, files });
    await writeJson(join(temporary, "site.json"), { server: false, apiKey: false });
    await refuseExisting(target, path);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot write ${target}: ${reasonOf(error)}`, { cause: error });
  }
}

async function refuseExisting(target: string, path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found) throw new UserError(`${target} exists already; choose another name or remove it first`);
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}
