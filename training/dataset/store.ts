// Prepared pictures on disk. A store is a folder that is complete or not there: `pixels.raw`, the pictures one after
// the other, `thumbnails.raw`, the same larger, where they are wanted, and `index.json`, which says whose pictures they
// are.

import { closeSync, openSync, readSync } from "node:fs";
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { meanBorderColor } from "../augmentations/border.ts";
import { type OpenedPictures, openPictures, type PicturesFile, pictureBytes } from "./pictures-file.ts";
import { sha256 } from "./sha256.ts";

const PIXELS = "pixels.raw";
const THUMBNAILS = "thumbnails.raw";
const INDEX = "index.json";
const BUILDING = ".building-";
const CHUNK_BYTES = 4 * 2 ** 20;
/** A store that nobody has written to for so long was left behind by a process that was killed. */
const ABANDONED_MS = 24 * 3600 * 1000;

const indexSchema = z.object({
  /** Side S of the pictures, in pixels. */
  imageSize: z.int().positive(),
  /** SHA-256 of the files, in the order of the source. */
  images: z.array(z.string()),
  /** Why files have no picture, by their SHA-256. All others have one, in the same order. */
  reasons: z.record(z.string(), z.string()),
  /** Mean colour of the outermost pixels of all pictures. */
  fill: z.tuple([z.number(), z.number(), z.number()]),
  /** CRC-32 of the pixels file. */
  checksum: z.number(),
  /** Side of the thumbnails, in pixels, and CRC-32 of their file; absent where there are none. */
  thumbnails: z.object({ size: z.int().positive(), checksum: z.number() }).optional(),
});

export type StoreIndex = z.output<typeof indexSchema>;

export interface Store {
  readonly index: StoreIndex;
  /** uint8 [count, S, S, 3]. */
  readonly pixelsFile: string;
  readonly thumbnailsFile?: PicturesFile;
}

/** What is kept of an image. */
export interface Pictures {
  /** uint8 [S, S, 3]. */
  readonly picture: Uint8Array;
  /** uint8 [T, T, 3]; undefined in a store without thumbnails. */
  readonly thumbnail?: Uint8Array;
}

/** The name of the store for files with these SHA-256, in this order. */
export function storeName(images: readonly string[]): string {
  return sha256(images.join()).slice(0, 32);
}

/** Opens a store; undefined where there is none, or where it is damaged in any way. */
export async function openStore(folder: string): Promise<Store | undefined> {
  try {
    const index = indexSchema.parse(JSON.parse(await readFile(join(folder, INDEX), "utf8")));
    const count = pictureCount(index);
    if (basename(folder) !== storeName(index.images)) return undefined;
    const [pixelsFile, thumbnailsFile] = [PIXELS, THUMBNAILS].map((name) => join(folder, name));
    const { imageSize, checksum, thumbnails } = index;
    if (!(await isWhole(pixelsFile, count * pictureBytes(imageSize), checksum))) return undefined;
    if (!thumbnails) return { index, pixelsFile };
    const { size } = thumbnails;
    const whole = await isWhole(thumbnailsFile, count * pictureBytes(size), thumbnails.checksum);
    return whole ? { index, pixelsFile, thumbnailsFile: { file: thumbnailsFile, size } } : undefined;
  } catch {
    return undefined;
  }
}

async function isWhole(file: string, bytes: number, checksum: number): Promise<boolean> {
  return (await stat(file)).size === bytes && (await checksumOf(file)) === checksum;
}

function pictureCount({ images, reasons }: StoreIndex): number {
  return images.filter((image) => !(image in reasons)).length;
}

/** Opens all stores in a folder. */
export async function openStores(folder: string): Promise<Store[]> {
  const names = await readdir(folder).catch(() => []);
  const stores: Store[] = [];
  for (const name of names.sort()) {
    const store = name.startsWith(BUILDING) ? undefined : await openStore(join(folder, name));
    if (store !== undefined) stores.push(store);
  }
  return stores;
}

/** Looks pictures up by the file that they were made from. */
export class StoredPictures {
  readonly #found = new Map<string, { reason: string } | { store: OpenedStore; position: number }>();
  readonly #files: OpenedPictures[] = [];

  constructor(stores: readonly Store[]) {
    for (const { index, pixelsFile, thumbnailsFile } of stores) {
      const count = pictureCount(index);
      const open = (file: PicturesFile) => {
        const opened = openPictures(file, count);
        this.#files.push(opened);
        return opened;
      };
      const store: OpenedStore = {
        pixels: open({ file: pixelsFile, size: index.imageSize }),
        thumbnails: thumbnailsFile && open(thumbnailsFile),
      };
      let position = 0;
      for (const image of index.images) {
        const reason: string | undefined = index.reasons[image];
        this.#found.set(image, reason === undefined ? { store, position: position++ } : { reason });
      }
    }
  }

  /** The pictures of the file with this SHA-256, or why it has none; undefined if that is not known. */
  find(image: string): Pictures | { reason: string } | undefined {
    const found = this.#found.get(image);
    if (found === undefined || "reason" in found) return found;
    const { pixels, thumbnails } = found.store;
    const picture = pictureAt(pixels, found.position);
    return thumbnails ? { picture, thumbnail: pictureAt(thumbnails, found.position) } : { picture };
  }

  close(): void {
    for (const file of this.#files) file.close();
  }
}

interface OpenedStore {
  readonly pixels: OpenedPictures;
  readonly thumbnails: OpenedPictures | undefined;
}

function pictureAt({ imageSize, read }: OpenedPictures, position: number): Uint8Array {
  const picture = new Uint8Array(pictureBytes(imageSize));
  read(position, picture, 0);
  return picture;
}

/** Sides of the pictures of a store, in pixels. */
export interface StoreSizes {
  readonly imageSize: number;
  /** Undefined for a store without thumbnails. */
  readonly thumbnailSize: number | undefined;
}

/** Writes a store, image by image, out of sight until it is complete. */
export class StoreWriter {
  readonly #folder: string;
  readonly #imageSize: number;
  readonly #pixels: PictureWriter;
  readonly #thumbnails: PictureWriter | undefined;

  private constructor(
    folder: string,
    imageSize: number,
    pixels: PictureWriter,
    thumbnails: PictureWriter | undefined,
  ) {
    this.#folder = folder;
    this.#imageSize = imageSize;
    this.#pixels = pixels;
    this.#thumbnails = thumbnails;
  }

  /** Begins a store inside `parent`, and clears away what killed processes left there. */
  static async begin(parent: string, { imageSize, thumbnailSize }: StoreSizes): Promise<StoreWriter> {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(parent);
    const folder = await mkdtemp(join(parent, BUILDING));
    const pixels = await PictureWriter.open(join(folder, PIXELS), imageSize);
    const thumbnails =
      thumbnailSize === undefined
        ? undefined
        : await PictureWriter.open(join(folder, THUMBNAILS), thumbnailSize);
    return new StoreWriter(folder, imageSize, pixels, thumbnails);
  }

  /** Adds the pictures of an image; they may be overwritten afterwards. */
  async add({ picture, thumbnail }: Pictures): Promise<void> {
    await this.#pixels.add(picture);
    if (this.#thumbnails) await this.#thumbnails.add(thumbnail!);
  }

  /**
   * Completes the store under its name. Another process may have written the same one meanwhile; it is kept if it is
   * whole, and replaced if it is damaged.
   */
  async finish(images: string[], reasons: Record<string, string>): Promise<Store> {
    const checksum = await this.#pixels.finish();
    const thumbnails = this.#thumbnails && {
      size: this.#thumbnails.size,
      checksum: await this.#thumbnails.finish(),
    };
    const fill = meanBorderColor(pictures(join(this.#folder, PIXELS), this.#imageSize), this.#imageSize);
    const index = { imageSize: this.#imageSize, images, reasons, fill, checksum, thumbnails };
    await writeFile(join(this.#folder, INDEX), JSON.stringify(index));
    const folder = join(this.#folder, "..", storeName(images));
    for (;;) {
      try {
        await rename(this.#folder, folder);
      } catch (error) {
        if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? ""))
          throw error;
      }
      const store = await openStore(folder);
      if (store !== undefined) {
        await this.discard();
        return store;
      }
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Gives up; nothing of it remains. */
  async discard(): Promise<void> {
    await this.#pixels.close();
    await this.#thumbnails?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Writes pictures of one size into a file, one after the other. */
class PictureWriter {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #filled = 0;
  #checksum = 0;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  static async open(path: string, size: number): Promise<PictureWriter> {
    return new PictureWriter(await open(path, "wx"), size);
  }

  async add(picture: Uint8Array): Promise<void> {
    if (picture.length !== pictureBytes(this.size)) {
      throw new Error(`a picture of ${picture.length} bytes does not have size ${this.size}`);
    }
    for (let at = 0; at < picture.length; ) {
      const part = picture.subarray(at, at + CHUNK_BYTES - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === CHUNK_BYTES) await this.#flush();
    }
  }

  /** @returns CRC-32 of the file */
  async finish(): Promise<number> {
    await this.#flush();
    await this.close();
    return this.#checksum;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const chunk = this.#chunk.subarray(0, this.#filled);
    this.#checksum = crc32(chunk, this.#checksum);
    await this.#file.writeFile(chunk);
    this.#filled = 0;
  }
}

/** The pictures [S, S, 3] of a pixels file; each is overwritten by the next. */
function* pictures(pixelsFile: string, imageSize: number): Generator<Uint8Array> {
  const picture = new Uint8Array(pictureBytes(imageSize));
  const file = openSync(pixelsFile, "r");
  try {
    while (readSync(file, picture) === picture.length) yield picture;
  } finally {
    closeSync(file);
  }
}

async function checksumOf(path: string): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const file = await open(path);
  try {
    for (let checksum = 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0) return checksum;
      checksum = crc32(chunk.subarray(0, bytesRead), checksum);
    }
  } finally {
    await file.close();
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(BUILDING)) continue;
    const written = await stat(join(parent, name, PIXELS)).catch(() => undefined);
    if (written !== undefined && Date.now() - written.mtimeMs > ABANDONED_MS) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}
