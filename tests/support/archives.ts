// Packs files into the archives that a source may be.

import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import yazl from "yazl";

/** Names in the archive and their content. */
export type Files = Readonly<Record<string, Buffer>>;

export async function writeTar(archive: string, files: Files): Promise<void> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, bytes);
  tar.finalize();
  await writeFile(archive, await buffer(tar));
}

export async function writeTarGz(archive: string, files: Files): Promise<void> {
  await writeTar(archive, files);
  await writeFile(archive, gzipSync(await readFile(archive)));
}

export async function writeZip(archive: string, files: Files): Promise<void> {
  const zip = new yazl.ZipFile();
  for (const [name, bytes] of Object.entries(files)) zip.addBuffer(bytes, name);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive));
}
