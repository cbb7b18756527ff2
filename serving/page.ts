// The web pages as they were built, from allow-lists made at the start.

import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { RequestHandler } from "express";
import { digest } from "../models/bundle/bundle.node.ts";
import { Problem } from "./problem.ts";
import { openServedFile, type ServedFile, sendFile } from "./served-file.ts";

/** Where a built page is: beside the compiled server, or where the build puts it when run from source. */
function built(name: string): string {
  return fileURLToPath(
    new URL(import.meta.url.endsWith(".ts") ? `../dist/${name}` : `../${name}`, import.meta.url),
  );
}

/** Folder of the built map page (web-demo/). */
export const PAGE_DIR = built("web-demo");

/** Folder of the built page about the API (serving/docs/). */
export const DOCS_DIR = built("docs");

/** The files of a page by their paths from its root. */
export type Page = ReadonlyMap<string, ServedFile>;

/** Opens the files of a page; none if it has not been built. */
export async function openPage(dir: string): Promise<Page> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, ServedFile>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { sha256 } = await digest(path);
    files.set(relative(dir, path).split(sep).join("/"), await openServedFile(path, `"${sha256}"`));
  }
  return files;
}

/** Answers with a file of a page by the rest of the path, which the route calls `path`. */
export function pageHandler(page: Page): RequestHandler<{ path?: string[] }> {
  return async (request, response) => {
    const name = request.params.path?.join("/") || "index.html";
    const file = page.get(name);
    if (!file) throw new Problem("not_found", "see /docs for what there is");
    // The build puts a hash of their content into the names of assets.
    if (name.startsWith("assets/")) response.set("Cache-Control", "public, max-age=31536000, immutable");
    await sendFile(request, response, file);
  };
}
