// Batches of augmented views, rendered on a thread of their own while the training step runs.

import { Worker } from "node:worker_threads";
import { UserError } from "../../models/errors.ts";
import type { Color } from "../augmentations/rotate.ts";
import type { ViewLoader, ViewLoaderOptions } from "./dataset.ts";
import type { LoaderReply, LoaderRequest } from "./loader.worker.ts";

/** Batches that are kept ready: enough to even out the step's and the reader's moods, few enough for memory. */
const BATCHES_AHEAD = 3;

/** What the thread is given: where the pictures are, and how views are drawn. */
export interface ThreadViewsOptions extends ViewLoaderOptions {
  /** Raw pictures uint8 [count, S, S, 3], nothing else in the file. */
  readonly pixelsFile: string;
  /** Side S of pictures and views, in pixels. */
  readonly imageSize: number;
  /** What a rotation brings in from outside the picture: the data set's mean border colour. */
  readonly fill: Color;
}

/** Starts the thread. The file is opened by the first epoch. */
export function openViewLoader(options: ThreadViewsOptions): ViewLoader {
  const entry = import.meta.url.endsWith(".ts") ? "./loader.worker.ts" : "./loader.worker.js";
  const worker = new Worker(new URL(entry, import.meta.url), { workerData: options });
  const send = (request: LoaderRequest) => worker.postMessage(request);

  let arrived: LoaderReply[] = [];
  let failure: Error | undefined;
  let wake = () => {};
  let running = false;
  let epochs = 0;

  worker.on("message", (reply: LoaderReply) => {
    // Batches of an epoch that was left early may still be on their way.
    if (running && reply.id === epochs) arrived.push(reply);
    wake();
  });
  worker.on("error", (error) => {
    failure = error;
    wake();
  });
  worker.on("exit", () => {
    failure ??= new Error("the view loader is closed");
    wake();
  });

  async function nextViews(): Promise<Float32Array> {
    while (arrived.length === 0) {
      if (failure) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const reply = arrived.shift()!;
    if ("unreadable" in reply) {
      throw new UserError(`cannot read the pixel cache ${options.pixelsFile}: ${reply.unreadable}`);
    }
    return reply.views;
  }

  return {
    async *epoch({ stage, epoch, batches }) {
      if (running) throw new Error("the previous epoch of this view loader is still under way");
      running = true;
      const id = ++epochs;
      arrived = [];
      try {
        send({ kind: "epoch", id, stage, epoch, batches, ahead: BATCHES_AHEAD });
        for (let i = 0; i < batches.length; i++) {
          const views = await nextViews();
          send({ kind: "next", id });
          yield views;
        }
      } finally {
        running = false;
        arrived = [];
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}
