// From files, or from the pictures of the map that is shown, to a data set in memory.

import { bundleFiles } from "../../models/bundle/files.ts";
import { mapInfoSchema } from "../../models/bundle/map-info.ts";
import { reasonOf, UserError } from "../../models/errors.ts";
import { mapInOrder } from "../../models/in-order.ts";
import type { Pixels } from "../../models/pixels.ts";
import { decodePoints } from "../../models/points.ts";
import { openPreprocessor } from "../../models/preprocessor.ts";
import type { Runtime } from "../../models/runtime.ts";
import { thumbnailCell, thumbnailSizeOf } from "../../models/thumbnails.ts";
import { buildPreprocess } from "../../training/artifacts/preprocess.ts";
import { meanBorderColor } from "../../training/augmentations/border.ts";
import type { DatasetFacts, MemoryPictures } from "../../training/dataset/dataset.ts";
import { firstFolder, sortByPath } from "../../training/dataset/names.ts";
import type { Skipped } from "../../training/dataset/skipped.ts";
import { makeThumbnail } from "../../training/dataset/thumbnail.ts";
import type { RunSettings } from "../../training/stages/settings.ts";
import { decodeImage, rgbOf } from "../decode.web.ts";
import type { BroughtFile } from "../drop.ts";
import { fetchBytes, fetchFile } from "../fetch.ts";
import { servedMap } from "../map-files.ts";
import type { Images } from "./messages.ts";

/** What `memoryDataset` takes. */
export interface LoadedImages {
  readonly facts: DatasetFacts;
  /** uint8 [count, S, S, 3]. */
  readonly pixels: Uint8Array;
  /** Where most images are larger than the pictures to learn from. */
  readonly thumbnails?: MemoryPictures;
}

export type Target = Pick<RunSettings, "fit" | "background"> & { readonly imageSize: number };

interface Entry {
  readonly path: string;
  readonly label: string | undefined;
  readonly decode: () => Promise<Pixels>;
}

/** Images that are decoded side by side. */
const AT_ONCE = 4;
/** Side of the pictures to be looked at, in pixels … */
const THUMBNAIL = 64;
/** … and of how many images they are kept, at most: they take memory. */
const MOST_THUMBNAILS = 10_000;
/** Of the map beside the page so many pictures are taken, evenly. */
const MOST_OF_MAP = 1000;

/**
 * Decodes all images and brings them to one size; what cannot be used is skipped and listed.
 * @param onProgress called after every image
 * @throws UserError if there is no image to use
 */
export async function loadImages(
  images: Images,
  target: Target,
  runtime: Runtime,
  onProgress: (done: number, total: number, skipped: number) => void,
): Promise<LoadedImages> {
  const entries = images.kind === "files" ? fileEntries(images.files, target) : await mapEntries(images.base);
  const { imageSize } = target;
  const pixels = new PictureList(imageSize, entries.length);
  const wanted = imageSize < THUMBNAIL && entries.length <= MOST_THUMBNAILS;
  const thumbnails = wanted ? new PictureList(THUMBNAIL, entries.length) : undefined;
  const preprocessor = await openPreprocessor(buildPreprocess(target), runtime, imageSize);
  const used: Entry[] = [];
  let larger = 0;
  const skipped: Skipped[] = [];
  const decoded = mapInOrder(entries, AT_ONCE, async (entry) => ({ entry, result: await tried(entry) }));
  for await (const { entry, result } of decoded) {
    if ("reason" in result) {
      skipped.push({ path: entry.path, reason: result.reason });
    } else {
      pixels.add(await preprocessor.run(result));
      thumbnails?.add(makeThumbnail(result, { ...target, size: THUMBNAIL }));
      if (Math.min(result.width, result.height) > imageSize) larger++;
      used.push(entry);
    }
    onProgress(used.length + skipped.length, entries.length, skipped.length);
  }
  await preprocessor.close();
  if (used.length === 0) {
    const why = skipped.length > 0 ? ` (${skipped[0].path}: ${skipped[0].reason})` : "";
    throw new UserError(`none of the ${entries.length} files can be used${why}`);
  }
  const all = pixels.all();
  return {
    facts: {
      imageSize,
      paths: used.map(({ path }) => path),
      labels: used.some(({ label }) => label !== undefined) ? used.map(({ label }) => label) : undefined,
      skipped,
      otherFiles: 0,
      fill: meanBorderColor(pixels.each(), imageSize),
    },
    pixels: all,
    ...(thumbnails &&
      larger > used.length / 2 && { thumbnails: { size: THUMBNAIL, pixels: thumbnails.all() } }),
  };
}

async function tried(entry: Entry): Promise<Pixels | { readonly reason: string }> {
  try {
    return await entry.decode();
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/** In the order and under the names that `tsimcne train` gives the files of a folder. */
function fileEntries(files: readonly BroughtFile[], target: Target): Entry[] {
  const entries = files.map((brought) => ({ path: brought.name, brought }));
  return sortByPath(entries).map(({ path, brought }) => ({
    path,
    label: firstFolder(path),
    async decode() {
      if ("reason" in brought) throw new Error(brought.reason);
      return (await decodeImage(brought.file, target)).pixels;
    },
  }));
}

/** The thumbnails of the map beside the page. */
async function mapEntries(base: string): Promise<Entry[]> {
  const { url } = servedMap(base);
  const info = mapInfoSchema.parse(await (await fetchFile(url(bundleFiles.info))).json());
  const points = await decodePoints(await fetchBytes(url(bundleFiles.points)));
  const sheets = new Map<string, Promise<ImageBitmap>>();
  const sheetOf = (name: string) => {
    const known = sheets.get(name);
    if (known) return known;
    const sheet = fetchFile(url(name)).then(async (response) => createImageBitmap(await response.blob()));
    sheets.set(name, sheet);
    return sheet;
  };
  const count = Math.min(points.count, MOST_OF_MAP);
  return Array.from({ length: count }, (_, i) => {
    const index = Math.floor((i * points.count) / count);
    const { sheet, x, y, size } = thumbnailCell(index, thumbnailSizeOf(info));
    return {
      path: points.paths[index],
      label: points.labels[index] ?? undefined,
      decode: async () => {
        const context = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true })!;
        context.drawImage(await sheetOf(sheet), -x, -y);
        return { data: rgbOf(context.getImageData(0, 0, size, size).data), width: size, height: size };
      },
    };
  });
}

/** Pictures of one size, one after the other. */
class PictureList {
  readonly #bytes: number;
  readonly #pixels: Uint8Array;
  #count = 0;

  constructor(size: number, most: number) {
    this.#bytes = size * size * 3;
    this.#pixels = new Uint8Array(most * this.#bytes);
  }

  add(picture: Uint8Array): void {
    this.#pixels.set(picture, this.#count++ * this.#bytes);
  }

  /** uint8 [count, S, S, 3]. */
  all(): Uint8Array {
    const used = this.#count * this.#bytes;
    return used === this.#pixels.length ? this.#pixels : this.#pixels.slice(0, used);
  }

  *each(): Generator<Uint8Array> {
    for (let i = 0; i < this.#count; i++) yield this.#pixels.subarray(i * this.#bytes, (i + 1) * this.#bytes);
  }
}
