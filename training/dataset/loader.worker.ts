// The thread that reads pictures and renders views. It renders as long as it has credit: so many batches ahead of
// the consumer and no more.

import { openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { reasonOf } from "../../models/errors.ts";
import { renderViews } from "../augmentations/views.ts";
import type { ThreadViewsOptions } from "./loader.ts";

/** What the loader asks for: the views of an epoch, or one batch more of it. */
export type LoaderRequest =
  | {
      readonly kind: "epoch";
      readonly id: number;
      readonly stage: number;
      readonly epoch: number;
      readonly batches: readonly Uint32Array[];
      /** How many batches may be rendered before the first "next". */
      readonly ahead: number;
    }
  | { readonly kind: "next"; readonly id: number };

/** What it gets: a batch of the epoch with that id, or why the pictures could not be read. */
export type LoaderReply =
  | { readonly id: number; readonly views: Float32Array }
  | { readonly id: number; readonly unreadable: string };

const { pixelsFile, imageSize, ...drawing } = workerData as ThreadViewsOptions;
const pictureBytes = imageSize * imageSize * 3;

let file: number | undefined;

/** Pictures by their positions in the file, one after the other. */
function readPictures(indices: Uint32Array): Uint8Array {
  file ??= openSync(pixelsFile, "r");
  const images = new Uint8Array(indices.length * pictureBytes);
  for (let i = 0; i < indices.length; i++) {
    const read = readSync(file, images, i * pictureBytes, pictureBytes, indices[i] * pictureBytes);
    if (read < pictureBytes) throw new Error(`it ends before picture ${indices[i]}`);
  }
  return images;
}

const port = parentPort!;
let current: Extract<LoaderRequest, { kind: "epoch" }> | undefined;
let done = 0;
let credit = 0;

port.on("message", (request: LoaderRequest) => {
  if (request.kind === "epoch") {
    current = request;
    done = 0;
    credit = request.ahead;
  } else if (request.id === current?.id) {
    credit++;
  }
  while (current && credit > 0 && done < current.batches.length) {
    const { id, stage, epoch, batches } = current;
    const rows = batches[done++];
    credit--;
    let images: Uint8Array;
    try {
      images = readPictures(rows);
    } catch (error) {
      current = undefined;
      port.postMessage({ id, unreadable: reasonOf(error) } satisfies LoaderReply);
      return;
    }
    const views = new Float32Array(images.length);
    renderViews(images, rows, { ...drawing, stage, epoch, size: imageSize }, views);
    port.postMessage({ id, views } satisfies LoaderReply, [views.buffer]);
  }
});
