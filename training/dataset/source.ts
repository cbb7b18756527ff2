// Finds the images that a user names: folders, archives, manifests, single files.

import { stat } from "node:fs/promises";
import { dirname, isAbsolute, posix, resolve, sep } from "node:path";
import { UserError } from "../../models/errors.ts";
import { imageKind } from "../../models/image-kind.ts";
import { hasImageExtension } from "../../models/image-names.ts";
import type { Contents, ImageEntry } from "./entries.ts";
import { fileReason } from "./file-reason.ts";
import { fileEntry, readHead } from "./files.ts";
import { openFolder } from "./folder.ts";
import { isManifest, openManifest } from "./manifest.ts";
import { sortByPath } from "./names.ts";
import type { Skipped } from "./skipped.ts";
import { openTar, openTarGz } from "./tar.ts";
import { openZip } from "./zip.ts";

export type { ImageEntry } from "./entries.ts";

/** How archives begin: with `magic`, `at` so many bytes. */
const ARCHIVES = [
  { magic: "\x1f\x8b", at: 0, open: openTarGz },
  { magic: "PK\x03\x04", at: 0, open: openZip },
  { magic: "PK\x05\x06", at: 0, open: openZip }, // an empty zip
  { magic: "ustar", at: 257, open: openTar },
];

/** All images of one or several locations, in the order that every output keeps. */
export interface ImageSource {
  /** What was opened, as absolute paths, for messages and to recognise it again. */
  readonly location: string;
  /** Sorted by path, comparing UTF-8 bytes. */
  readonly entries: readonly ImageEntry[];
  /** What is named like an image and cannot be read; sorted by path. */
  readonly skipped: readonly Skipped[];
  /** How many files were left aside because they are no images. */
  readonly otherFiles: number;
  /** Whether any image has a label. */
  readonly labelled: boolean;
  /** Lets go of open files; entries cannot be read any more. */
  close(): Promise<void>;
}

export interface SourceOptions {
  /** Folders that are never entered, such as the one that the run writes to. Defaults to none. */
  exclude?: readonly string[];
}

/**
 * Finds images, without reading them. A location is a folder (with all folders below; the first folder level is the
 * label), a `.tar`, `.tar.gz` or `.zip` (the same, below the folder that all its images share), a manifest (`.csv` or
 * `.jsonl` with `path` and optional `label`) or one image. Paths are relative to the location; those of a single image,
 * and of several locations, begin with the location as it was given.
 * @throws UserError where a location cannot be read, is of no known kind, or holds no images
 */
export async function openSource(
  locations: string | readonly string[],
  options: SourceOptions = {},
): Promise<ImageSource> {
  const given = [locations].flat();
  if (given.length === 0)
    throw new UserError("no images given: name a folder, an archive, a manifest or images");
  const opened: Contents[] = [];
  const close = async () => {
    for (const contents of opened) await contents.close();
  };
  try {
    for (const location of given) {
      const { prefix, ...contents } = await openLocation(location, options.exclude ?? []);
      opened.push(given.length === 1 ? contents : withPrefix(contents, prefix));
    }
    const entries = sortByPath(opened.flatMap((contents) => contents.entries));
    const skipped = sortByPath(opened.flatMap((contents) => contents.skipped));
    const otherFiles = opened.reduce((sum, contents) => sum + contents.otherFiles, 0);
    if (entries.length === 0) throw new UserError(nothingIn(given, skipped, otherFiles));
    return {
      location: given.map((location) => resolve(location)).join("\n"),
      entries,
      skipped,
      otherFiles,
      labelled: entries.some(({ label }) => label !== undefined),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a location holds, and what its paths begin with where they must not be mistaken for those of another. */
async function openLocation(
  location: string,
  exclude: readonly string[],
): Promise<Contents & { prefix: string }> {
  try {
    const status = await stat(location);
    if (status.isDirectory()) return { ...(await openFolder(location, exclude)), prefix: location };
    if (!status.isFile())
      throw new UserError(`${location}: a pipe, socket or device; name a folder or a file`);
    const head = await readHead(location);
    if (imageKind(head) !== undefined) return await openImage(location);
    const archive = ARCHIVES.find(
      ({ magic, at }) => head.toString("latin1", at, at + magic.length) === magic,
    );
    if (archive !== undefined) return { ...(await archive.open(location)), prefix: location };
    if (hasImageExtension(location)) return await openImage(location);
    if (isManifest(location)) return { ...(await openManifest(location)), prefix: dirname(location) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${location}: ${fileReason(error)}`);
  }
  throw new UserError(
    `${location}: by its content neither tar, tar.gz, zip nor image, by its name neither .csv nor .jsonl`,
  );
}

/** One image, under the name that it was given by. It has no label. */
async function openImage(location: string): Promise<Contents & { prefix: string }> {
  const entry = await fileEntry(location, posixPath(location), undefined);
  return { entries: [entry], skipped: [], otherFiles: 0, close: async () => {}, prefix: "" };
}

function withPrefix(contents: Contents, prefix: string): Contents {
  const renamed = <Item extends { readonly path: string }>(item: Item): Item =>
    isAbsolute(item.path) ? item : { ...item, path: posix.join(posixPath(prefix), item.path) };
  return { ...contents, entries: contents.entries.map(renamed), skipped: contents.skipped.map(renamed) };
}

function posixPath(location: string): string {
  return posix.normalize(location.split(sep).join("/"));
}

function nothingIn(given: readonly string[], skipped: readonly Skipped[], otherFiles: number): string {
  const details: string[] = [];
  if (skipped.length > 0)
    details.push(`${skipped.length} skipped, first ${skipped[0].path}: ${skipped[0].reason}`);
  if (otherFiles > 0) details.push(`${otherFiles} other ${otherFiles === 1 ? "file" : "files"}`);
  return `no images in ${given.join(", ")}${details.length > 0 ? ` (${details.join("; ")})` : ""}`;
}
