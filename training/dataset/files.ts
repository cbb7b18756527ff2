// Single files on disk as entries.

import { readFileSync, readSync, statSync } from "node:fs";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UserError } from "../../models/errors.ts";
import { KIND_BYTES } from "../../models/image-kind.ts";
import { atOnceIfQuick } from "./at-once.ts";
import { checkFileSize, type ImageEntry } from "./entries.ts";
import { fileReason } from "./file-reason.ts";

/** How many files are looked at side by side. */
export const FILES_AT_ONCE = 64;

/**
 * The entry of a regular file, which is not opened yet: opening a pipe or a device could block for ever.
 * @param location the file on disk
 * @throws UserError whose message is the reason alone
 */
export async function fileEntry(
  location: string,
  path: string,
  label: string | undefined,
): Promise<ImageEntry> {
  const status = await statFile(location);
  return {
    path,
    label,
    stamp: status.stamp,
    async read() {
      checkFileSize(status.size);
      const bytes = atOnceIfQuick(
        () => readFileSync(location),
        () => readFile(location),
      );
      return bytes.catch((error) => {
        throw new UserError(fileReason(error));
      });
    },
  };
}

/**
 * Size and stamp of a regular file; symbolic links are followed.
 * @throws UserError whose message is the reason alone
 */
export async function statFile(location: string): Promise<{ size: number; stamp: string }> {
  const found = atOnceIfQuick(
    () => statSync(location),
    () => stat(location),
  );
  const status = await found.catch((error) => {
    throw new UserError(fileReason(error));
  });
  if (status.isDirectory()) throw new UserError("a folder, not a file");
  if (!status.isFile()) throw new UserError("a pipe, socket or device, not a file");
  // The change time cannot be set back, unlike the modification time.
  const stamp = [resolve(location), status.size, status.mtimeMs, status.ctimeMs].join("|");
  return { size: status.size, stamp };
}

/** The first bytes of a file, as many as tell its kind. */
export async function readHead(location: string): Promise<Buffer> {
  const file = await open(location);
  try {
    return await readAt(file, 0, KIND_BYTES);
  } finally {
    await file.close();
  }
}

/** `length` bytes from a position of an open file; fewer where the file ends. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const rest = [bytes, filled, length - filled, position + filled] as const;
    const bytesRead = await atOnceIfQuick(
      () => readSync(file.fd, ...rest),
      async () => (await file.read(...rest)).bytesRead,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
