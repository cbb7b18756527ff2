// Places images in a thread of its own: a session blocks its thread while it runs.

import { constants, platform, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { type EmbedderFiles, openEmbedder, type Placement } from "../models/embedder.ts";
import { reasonOf } from "../models/errors.ts";
import type { Pixels } from "../models/pixels.ts";
import { nodeRuntimeWithThreads } from "../models/runtime.node.ts";

export interface PlaceRequest {
  readonly pictures: readonly Pixels[];
  /** For each image how many of the nearest in feature space are wanted. */
  readonly alike: readonly number[];
}

export interface PlaceReply {
  /** For each image where it falls, or why it could not be placed. */
  readonly outcomes: readonly (Placement | string)[];
  /** Seconds spent on the batch. */
  readonly seconds: number;
}

// Linux gives every thread a priority of its own, others only the process. Requests and decoding go first: the event
// loop answers in time, and by the turn of the placer there are more images to place at once.
if (platform() === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

// One thread a worker: several workers side by side use the processors better than several threads in one.
const embedder = await openEmbedder(workerData as EmbedderFiles, nodeRuntimeWithThreads(1));

async function place({ pictures, alike }: PlaceRequest): Promise<PlaceReply> {
  const start = performance.now();
  const prepared: Uint8Array[] = [];
  const outcomes: (Placement | string | undefined)[] = [];
  for (const pixels of pictures) {
    try {
      prepared.push(await embedder.prepare(pixels));
      outcomes.push(undefined);
    } catch (error) {
      outcomes.push(reasonOf(error));
    }
  }
  const placed = (await embedder.place(prepared, Math.max(0, ...alike))).values();
  return {
    outcomes: outcomes.map((outcome, i) => {
      if (outcome !== undefined) return outcome;
      const placement = placed.next().value as Placement;
      return { ...placement, alike: placement.alike.slice(0, alike[i]) };
    }),
    seconds: (performance.now() - start) / 1000,
  };
}

// The first picture takes longer than all others: it is paid for before the server says that it is ready.
await place({ pictures: [{ data: new Uint8Array(3), height: 1, width: 1 }], alike: [0] });

parentPort!.on("message", async (request: PlaceRequest | "close") => {
  if (request === "close") {
    await embedder.close();
    parentPort!.close();
  } else {
    parentPort!.postMessage(await place(request));
  }
});
parentPort!.postMessage("ready");
