import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../../models/errors.ts";
import type { Color } from "../augmentations/rotate.ts";
import type { Skipped } from "./entries.ts";
import { pictureBytes } from "./store.ts";

/** The pictures to learn from, all of one size, in the order of their source. They stay on disk. */
export interface Dataset extends DatasetFacts {
  /** Number of pictures. */
  readonly count: number;
  /** Copies a picture [S, S, 3] to `into`, starting at `offset`. */
  read(index: number, into: Uint8Array, offset: number): void;
  /** Copies pictures one after the other: uint8 [indices.length, S, S, 3]. */
  readBatch(indices: ArrayLike<number>, into: Uint8Array): void;
  /** Closes the pixels file; closing twice does nothing more. */
  close(): void;
}

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
  /** A file with nothing but the pictures, uint8 [count, S, S, 3], for threads that read on their own. */
  readonly pixelsFile: string;
}

/** Opens the pixels file of a data set. */
export function openDataset(facts: DatasetFacts): Dataset {
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
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}
