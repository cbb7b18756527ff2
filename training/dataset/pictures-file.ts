// Pictures of one size, one after the other in a file.

import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../../models/errors.ts";

/** A file with nothing but pictures of one size. */
export interface PicturesFile {
  /** uint8 [count, T, T, 3]. */
  readonly file: string;
  /** Side T, in pixels. */
  readonly size: number;
}

/** Bytes of one picture [S, S, 3]. */
export function pictureBytes(imageSize: number): number {
  return imageSize * imageSize * 3;
}

/** An open file of pictures. */
export type OpenedPictures = ReturnType<typeof openPictures>;

/** Opens a file of so many pictures; closing it twice does nothing more. */
export function openPictures({ file, size }: PicturesFile, count: number) {
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
