// The page and a map as files that any static host serves.

import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import { UserError } from "../models/errors.ts";
import { writeFolder } from "../models/write-folder.node.ts";

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
  await writeFolder(target, async (temporary) => {
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
  });
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}
