// A data set on disk, as the cache keeps it.

import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../../models/errors.ts";
import type { Dataset, DatasetFacts } from "./dataset.ts";
import { openViewLoader } from "./loader.ts";
import { pictureBytes } from "./store.ts";

/** The pictures stay on disk. */
export interface StoredDataset extends Dataset {
  /** A file with nothing but the pictures, uint8 [count, S, S, 3]. */
  readonly pixelsFile: string;
  /** Closes the pixels file; closing twice does nothing more. */
  close(): void;
}

/** Opens the pixels file of a data set. */
export function openDataset(facts: DatasetFacts & { readonly pixelsFile: string }): StoredDataset {
  const bytes = pictureBytes(facts.imageSize);
  const count = facts.paths.length;
  const file = openSync(facts.pixelsFile, "r");
  let open = true;

  function read(index: number, into: Uint8Array, offset: number): void {
    if (!(index >= 0 && index < count)) throw new RangeError(`no picture ${index} among ${count}`);
    for (let done = 0; done < bytes; ) {
      const got = readSync(file, into, offset + done, bytes - done, index * bytes + done);
      if (got === 0) throw new UserError(`${facts.pixelsFile} was cut short; run again to rebuild it`);
      done += got;
    }
  }

  return {
    ...facts,
    count,
    read,
    readBatch(indices, into) {
      for (let i = 0; i < indices.length; i++) read(indices[i], into, i * bytes);
    },
    openViews: (options) =>
      openViewLoader({
        ...options,
        pixelsFile: facts.pixelsFile,
        imageSize: facts.imageSize,
        fill: facts.fill,
      }),
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}
