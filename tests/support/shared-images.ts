// Real images beside the project, where there are any. They are never copied into it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSource } from "../../training/dataset/source.ts";

const DATA = fileURLToPath(new URL("../../../shared/data", import.meta.url));

/** An archive of images, and why tests that need it are skipped, if they are. */
export function sharedArchive(name: string): { readonly archive: string; readonly skip: string | false } {
  const archive = join(DATA, name);
  return { archive, skip: !existsSync(archive) && `${name} is not here` };
}

/** The first so many photographs of many sizes; none where they are not at hand. */
export async function photographs(count: number): Promise<{ name: string; bytes: Buffer }[]> {
  const { archive, skip } = sharedArchive("photos/photos.tar");
  if (skip) return [];
  const source = await openSource(archive);
  const images = [];
  for (const entry of source.entries.slice(0, count)) {
    images.push({ name: entry.path, bytes: await entry.read() });
  }
  await source.close();
  return images;
}
