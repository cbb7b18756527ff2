// A data set on disk, as the cache keeps it.

import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../../models/errors.ts";
import { type Dataset, type DatasetFacts, datasetPictures } from "./dataset.ts";
import { openViewLoader } from "./loader.ts";
import { type PicturesFile, pictureBytes } from "./store.ts";

/** The pictures stay on disk. */
export interface StoredDataset extends Dataset {
  /** A file with nothing but the pictures, uint8 [count, S, S, 3]. */
  readonly pixelsFile: string;
  /** Closes the files; closing twice does nothing more. */
  close(): void;
}

export interface StoredFacts extends DatasetFacts {
  readonly pixelsFile: string;
  /** Pictures to be looked at; by default those to learn from. */
  readonly thumbnailsFile?: PicturesFile;
}

/** Opens the files of a data set. */
export function openDataset({ thumbnailsFile, ...facts }: StoredFacts): StoredDataset {
  const { imageSize, pixelsFile, fill } = facts;
  const count = facts.paths.length;
  const pictures = openPictures({ file: pixelsFile, size: imageSize }, count);
  const thumbnails = thumbnailsFile && openPictures(thumbnailsFile, count);
  const { read } = pictures;
  return {
    ...facts,
    count,
    thumbnails: datasetPictures(thumbnails ?? pictures),
    read,
    readBatch(indices, into) {
      const bytes = pictureBytes(imageSize);
      for (let i = 0; i < indices.length; i++) read(indices[i], into, i * bytes);
    },
    openViews: (options) => openViewLoader({ ...options, pixelsFile, imageSize, fill }),
    close() {
      pictures.close();
      thumbnails?.close();
    },
  };
}

function openPictures({ file, size }: PicturesFile, count: number) {
  const bytes = pictureBytes(size);
  const descriptor = openSync(file, "r");
  let open = true;
  return {
    imageSize: size,
    read(index: number, into: Uint8Array, offset: number): void {
      if (!(index >= 0 && index < count)) throw new RangeError(`no picture ${index} among ${count}`);
      for (let done = 0; done < bytes; ) {
        const got = readSync(descriptor, into, offset + done, bytes - done, index * bytes + done);
        if (got === 0) throw new UserError(`${file} was cut short; run again to rebuild it`);
        done += got;
      }
    },
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}
