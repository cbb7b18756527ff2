// The pictures to learn from, wherever they lie.

import type { PictureReader } from "../../models/pictures.ts";
import type { Color } from "../augmentations/rotate.ts";
import { renderViews, type ViewOptions } from "../augmentations/views.ts";
import type { Skipped } from "./skipped.ts";

export interface DatasetFacts {
  /** Side S of the pictures, in pixels. */
  readonly imageSize: number;
  /** Path of every picture in its source. */
  readonly paths: readonly string[];
  /** Label of every picture; undefined where the source has no labels at all. */
  readonly labels: readonly (string | undefined)[] | undefined;
  /** What could not be used, and why; sorted by path. */
  readonly skipped: readonly Skipped[];
  /** How many files were left aside because they are no images. */
  readonly otherFiles: number;
  /** Mean colour of the outermost pixels of all pictures. */
  readonly fill: Color;
}

/** The pictures to learn from, all of one size, in the order of their source. */
export interface Dataset extends DatasetFacts {
  /** Number of pictures. */
  readonly count: number;
  /** The pictures to be looked at: larger than those to learn from where the images are. */
  readonly thumbnails: PictureReader;
  /** Copies a picture [S, S, 3] to `into`, starting at `offset`. */
  read(index: number, into: Uint8Array, offset: number): void;
  /** Copies pictures one after the other: uint8 [indices.length, S, S, 3]. */
  readBatch(indices: ArrayLike<number>, into: Uint8Array): void;
  /** Makes ready to render views of the pictures. */
  openViews(options: ViewLoaderOptions): ViewLoader;
}

/** How views are drawn in a run: the seed of the run, and the policy. */
export type ViewLoaderOptions = Pick<ViewOptions, "seed" | "policy">;

export interface EpochPlan {
  readonly stage: number;
  readonly epoch: number;
  /** Which picture each row of each batch shows; rows i and B + i of 2B are a pair. */
  readonly batches: readonly Uint32Array[];
}

export interface ViewLoader {
  /**
   * The views of each batch in the order of the plan: float32 [2B, 3, S, S] in [0, 1], as `renderViews` makes them.
   * Each array is the caller's own. Leaving the loop early is fine.
   * @throws {UserError} if the pictures cannot be read
   * @throws if another epoch is still under way, or the loader is closed
   */
  epoch(plan: EpochPlan): AsyncGenerator<Float32Array, void, undefined>;
  /** Closing twice does nothing more. A loader with a thread of its own keeps the process alive until then. */
  close(): Promise<void>;
}

/** The pictures to learn from, one at a time. */
export function datasetPictures(dataset: Pick<Dataset, "imageSize" | "read">): PictureReader {
  return { size: dataset.imageSize, read: (index, into) => dataset.read(index, into, 0) };
}

/** Pictures of one size in memory. */
export interface MemoryPictures {
  /** Side T, in pixels. */
  readonly size: number;
  /** uint8 [count, T, T, 3]. */
  readonly pixels: Uint8Array;
}

/**
 * A data set in memory. Its views are rendered when they are asked for, by whoever asks.
 * @param pixels uint8 [paths.length, S, S, 3]
 * @param thumbnails pictures to be looked at; by default those to learn from
 */
export function memoryDataset(
  facts: DatasetFacts,
  pixels: Uint8Array,
  thumbnails: MemoryPictures = { size: facts.imageSize, pixels },
): Dataset {
  const { imageSize, fill } = facts;
  const bytes = imageSize * imageSize * 3;
  const count = facts.paths.length;
  const read = readerOf({ size: imageSize, pixels }, count);
  const readThumbnail = readerOf(thumbnails, count);

  function readBatch(indices: ArrayLike<number>, into: Uint8Array): void {
    for (let i = 0; i < indices.length; i++) read(indices[i], into, i * bytes);
  }

  return {
    ...facts,
    count,
    thumbnails: { size: thumbnails.size, read: (index, into) => readThumbnail(index, into, 0) },
    read,
    readBatch,
    openViews: ({ seed, policy }) => ({
      async *epoch({ stage, epoch, batches }) {
        for (const rows of batches) {
          const images = new Uint8Array(rows.length * bytes);
          readBatch(rows, images);
          const views = new Float32Array(images.length);
          renderViews(images, rows, { seed, stage, epoch, policy, size: imageSize, fill }, views);
          yield views;
        }
      },
      close: async () => {},
    }),
  };
}

function readerOf({ size, pixels }: MemoryPictures, count: number): Dataset["read"] {
  const bytes = size * size * 3;
  if (pixels.length !== count * bytes) {
    throw new Error(`${count} pictures of ${bytes} bytes, but ${pixels.length} bytes`);
  }
  return (index, into, offset) => {
    if (!(index >= 0 && index < count)) throw new RangeError(`no picture ${index} among ${count}`);
    into.set(pixels.subarray(index * bytes, (index + 1) * bytes), offset);
  };
}
