// What every kind of source is made of.

import { UserError } from "../../models/errors.ts";
import type { Skipped } from "./skipped.ts";

/** One image of a source, not yet read. */
export interface ImageEntry {
  /** Where it is in the source, with forward slashes. */
  readonly path: string;
  readonly label: string | undefined;
  /** Changes whenever the bytes do, and is known without reading them: place, size and times. */
  readonly stamp: string;
  /** The bytes of the file. Throws a UserError whose message is the reason alone. */
  read(): Promise<Buffer>;
}

/** What one folder, archive or manifest holds, in no particular order. */
export interface Contents {
  readonly entries: readonly ImageEntry[];
  readonly skipped: readonly Skipped[];
  /** How many files were left aside because they are no images. */
  readonly otherFiles: number;
  /** Lets go of open files. */
  close(): Promise<void>;
}

/** The largest file that is read: no image needs more, and a file is held in memory while it is decoded. */
const MAX_FILE_BYTES = 2 ** 30;

/** @throws UserError where a file of this size would not be read */
export function checkFileSize(bytes: number): void {
  if (bytes > MAX_FILE_BYTES) {
    throw new UserError(`the file has ${(bytes / 2 ** 30).toFixed(1)} GiB, over the limit of 1 GiB`);
  }
}
