// From files to pictures of one size, once: the result is kept on disk under a name that is made of the bytes of all
// files and of everything that changes pixels, so that the next run with the same images begins at once.

import { statfs } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import { parseColor } from "../../models/color.ts";
import { decodeImage, decoderVersion } from "../../models/decode.node.ts";
import { DECODE_FACTOR } from "../../models/decoding.ts";
import { reasonOf, UserError } from "../../models/errors.ts";
import type { Fit } from "../../models/fit.ts";
import { mapInOrder } from "../../models/in-order.ts";
import type { Pixels } from "../../models/pixels.ts";
import type { ImageEntry } from "./entries.ts";
import { fileReason, isDiskFull } from "./file-reason.ts";
import { sortByPath } from "./names.ts";
import { pictureBytes } from "./pictures-file.ts";
import { sha256 } from "./sha256.ts";
import { strictError } from "./skipped.ts";
import type { ImageSource } from "./source.ts";
import { readStamps, type Stamps, writeStamps } from "./stamps.ts";
import {
  openStore,
  openStores,
  type Pictures,
  type Store,
  StoredPictures,
  StoreWriter,
  storeName,
} from "./store.ts";
import { openDataset, type StoredDataset } from "./stored-dataset.ts";
import { makeThumbnail } from "./thumbnail.ts";

/** Part of every key: to be raised whenever the same settings give other pixels. */
const CACHE_VERSION = 3;

const ELSEWHERE = " (free some, or set XDG_CACHE_HOME to a folder on another disk)";

export interface PrepareOptions {
  /** Side S of the pictures, in pixels. */
  imageSize: number;
  /** How an image that is not square becomes one. */
  fit: Fit;
  /** What shows through transparent images (see parseColor). */
  background: string;
  /** Images with more pixels are skipped. */
  maxPixels: number;
  /** Brings a decoded image to uint8 [S, S, 3]. */
  preprocess: (pixels: Pixels) => Promise<Uint8Array>;
  /** Side T of pictures to be looked at, in pixels, where those to learn from are too small for it. */
  thumbnailSize?: number;
  /** Stands for all else that changes what `preprocess` gives. */
  settingsKey: string;
  /** Defaults to `$XDG_CACHE_HOME/tsimcne` or `~/.cache/tsimcne`. */
  cacheDirectory?: string;
  /** Fail at the first image that cannot be used, instead of skipping it. */
  strict: boolean;
  /** How many images are read and decoded side by side. Defaults to 4 for each processor. */
  concurrency?: number;
  /** Called after every image, and once where all are prepared already. */
  onProgress?: (done: number, total: number, skipped: number) => void;
  /** Ends the work; what it had written is removed. */
  signal?: AbortSignal;
}

/**
 * Decodes every image of a source and brings it to one size, or finds that this was done before. Images that cannot be
 * read or decoded are skipped and listed. Unchanged files, known by place, size and times, are not read again; files
 * that were prepared in another company are not decoded again.
 * @throws UserError where no image can be used, at the first bad image if `strict`, if the cache cannot be written, or
 * for a colour that is none
 */
export async function prepareDataset(source: ImageSource, options: PrepareOptions): Promise<StoredDataset> {
  const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory();
  parseColor(options.background); // Else every single image would be refused for it.
  if (options.strict && source.skipped.length > 0) throw strictError(source.skipped[0]);
  try {
    const stores = join(cacheDirectory, "images", settingsHash(options));
    const stamps = await readStamps(cacheDirectory, source.location);
    const known = await findPrepared(source.entries, stamps, stores);
    if (known !== undefined) {
      const skipped = known.reasons.filter((reason) => reason !== undefined).length;
      options.onProgress?.(known.reasons.length, known.reasons.length, skipped);
      return openPrepared(source, known, options);
    }
    const { prepared, newStamps } = await prepare(source.entries, stamps, stores, options);
    await writeStamps(cacheDirectory, source.location, newStamps);
    return openPrepared(source, prepared, options);
  } catch (error) {
    // Errors of images were turned into reasons; what is left with a system call comes from the cache.
    if ((error as NodeJS.ErrnoException | undefined)?.syscall === undefined) throw error;
    throw cacheError(error, cacheDirectory);
  }
}

/** `$XDG_CACHE_HOME/tsimcne` or `~/.cache/tsimcne`. */
export function defaultCacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tsimcne");
}

/** A store, and what became of each entry: why it has no picture in the store, or undefined where it has one. */
interface Prepared {
  readonly store: Store;
  readonly reasons: readonly (string | undefined)[];
}

/** The store of exactly these files, where all of them are known without being read. */
async function findPrepared(
  entries: readonly ImageEntry[],
  stamps: Stamps,
  stores: string,
): Promise<Prepared | undefined> {
  const images = entries.flatMap((entry) => stamps.get(entry.stamp) ?? []);
  if (images.length < entries.length) return undefined;
  const store = await openStore(join(stores, storeName(images)));
  return store && { store, reasons: images.map((image) => store.index.reasons[image]) };
}

/** Reads, decodes and stores images. */
async function prepare(
  entries: readonly ImageEntry[],
  stamps: Stamps,
  stores: string,
  options: PrepareOptions,
): Promise<{ prepared: Prepared; newStamps: Stamps }> {
  const { imageSize, thumbnailSize, strict, signal, onProgress } = options;
  const { concurrency = 4 * availableParallelism() } = options;
  const earlier = new StoredPictures(await openStores(stores));
  const writer = await StoreWriter.begin(stores, { imageSize, thumbnailSize });
  try {
    const bytes = pictureBytes(imageSize) + pictureBytes(thumbnailSize ?? 0);
    await checkFreeSpace(stores, entries.length * bytes);
    const newStamps = new Map<string, string>();
    const images: string[] = [];
    const lastingReasons: Record<string, string> = {};
    const reasons: (string | undefined)[] = [];
    let skipped = 0;
    const outcomes = mapInOrder(entries, concurrency, async (entry) => {
      signal?.throwIfAborted();
      return { entry, outcome: await outcomeOf(entry, stamps.get(entry.stamp), earlier, options) };
    });
    for await (const { entry, outcome } of outcomes) {
      const reason = "reason" in outcome ? outcome.reason : undefined;
      reasons.push(reason);
      if ("picture" in outcome) await writer.add(outcome);
      else if (strict) throw strictError({ path: entry.path, reason: outcome.reason });
      else skipped++;
      if (outcome.image !== undefined) {
        images.push(outcome.image);
        newStamps.set(entry.stamp, outcome.image);
        if (reason !== undefined) lastingReasons[outcome.image] = reason;
      }
      onProgress?.(reasons.length, entries.length, skipped);
    }
    signal?.throwIfAborted();
    const store = await writer.finish(images, lastingReasons);
    return { prepared: { store, reasons }, newStamps };
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    earlier.close();
  }
}

/** What came of an image: its SHA-256 and pictures, or a reason, without the SHA-256 where trying again may help. */
type Outcome = ({ image: string } & Pictures) | { image?: string; reason: string };

async function outcomeOf(
  entry: ImageEntry,
  known: string | undefined,
  earlier: StoredPictures,
  options: PrepareOptions,
): Promise<Outcome> {
  const { imageSize, background, maxPixels, preprocess } = options;
  const stored = known === undefined ? undefined : earlier.find(known);
  if (stored !== undefined) return { image: known!, ...stored };
  let bytes: Buffer;
  try {
    bytes = await entry.read();
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  const image = sha256(bytes);
  const prepared = earlier.find(image);
  if (prepared !== undefined) return { image, ...prepared };
  let pixels: Pixels;
  try {
    pixels = await decodeImage(bytes, { minSide: DECODE_FACTOR * imageSize, background, maxPixels });
  } catch (error) {
    return { image, reason: reasonOf(error) };
  }
  try {
    return { image, picture: await preprocess(pixels), thumbnail: thumbnailOf(pixels, options) };
  } catch (error) {
    return { reason: `cannot be resized (${reasonOf(error)})` };
  }
}

function thumbnailOf(pixels: Pixels, options: PrepareOptions): Uint8Array | undefined {
  const { thumbnailSize: size, fit, background } = options;
  return size === undefined
    ? undefined
    : makeThumbnail(pixels, { size, fit, background: parseColor(background) });
}

function openPrepared(source: ImageSource, prepared: Prepared, options: PrepareOptions): StoredDataset {
  const { store, reasons } = prepared;
  const { entries } = source;
  const unusable = entries.flatMap(({ path }, i) => {
    const reason = reasons[i];
    return reason === undefined ? [] : [{ path, reason }];
  });
  if (options.strict && unusable.length > 0) throw strictError(unusable[0]);
  const usable = entries.filter((_, i) => reasons[i] === undefined);
  const skipped = sortByPath([...source.skipped, ...unusable]);
  if (usable.length === 0) {
    const [{ path, reason }] = unusable;
    throw new UserError(
      `none of the ${entries.length} images in ${source.location} can be used (${path}: ${reason})`,
    );
  }
  return openDataset({
    imageSize: options.imageSize,
    paths: usable.map(({ path }) => path),
    labels: source.labelled ? usable.map(({ label }) => label) : undefined,
    skipped,
    otherFiles: source.otherFiles,
    fill: store.index.fill,
    pixelsFile: store.pixelsFile,
    thumbnailsFile: store.thumbnailsFile,
  });
}

function settingsHash(options: PrepareOptions): string {
  const { imageSize, thumbnailSize, fit, background, maxPixels, settingsKey } = options;
  const sizes = thumbnailSize === undefined ? [imageSize] : [imageSize, thumbnailSize];
  const settings = [CACHE_VERSION, decoderVersion, ...sizes, fit, background, maxPixels, settingsKey];
  return sha256(JSON.stringify(settings)).slice(0, 16);
}

/** Says before the work begins, rather than late in it, that the disk is too small. */
async function checkFreeSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  // File systems that cannot tell say 0.
  if (free === 0 || free >= needed) return;
  const mega = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
  throw new UserError(
    `the image cache needs ${mega(needed)}, but ${folder} has ${mega(free)} left${ELSEWHERE}`,
  );
}

function cacheError(error: unknown, cacheDirectory: string): UserError {
  const reason = isDiskFull(error) ? "no space left on the disk" : fileReason(error);
  return new UserError(`the image cache ${cacheDirectory} cannot be written: ${reason}${ELSEWHERE}`);
}
