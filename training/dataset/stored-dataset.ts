// A data set on disk, as the cache keeps it.

import { type Dataset, type DatasetFacts, datasetPictures } from "./dataset.ts";
import { openViewLoader } from "./loader.ts";
import { openPictures, type PicturesFile, pictureBytes } from "./pictures-file.ts";

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
