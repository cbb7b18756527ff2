// Threads that place images. Images that come at about the same time are placed together, which is faster than one
// by one and changes nothing about where they fall.

import "../models/telemetry.node.ts";
import { Worker } from "node:worker_threads";
import type { EmbedderFiles, Placement } from "../models/embedder.ts";
import { UserError } from "../models/errors.ts";
import type { Pixels } from "../models/pixels.ts";
import type { PlaceReply, PlaceRequest } from "./placer.worker.ts";
import { Problem } from "./problem.ts";

export interface PoolOptions {
  readonly workers: number;
  readonly batchSize: number;
  readonly batchWaitMs: number;
  /** Told of every batch. */
  readonly onBatch?: (images: number, seconds: number) => void;
  /** Told when a thread has failed and is being replaced. */
  readonly onFailure?: (error: Error) => void;
}

interface Waiting {
  readonly pixels: Pixels;
  readonly alike: number;
  readonly since: number;
  readonly resolve: (placement: Placement) => void;
  readonly reject: (error: Error) => void;
}

interface Placer {
  readonly worker: Worker;
  ready: boolean;
  /** What it is placing. */
  batch: readonly Waiting[];
}

const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./placer.worker.ts" : "./placer.worker.js",
  import.meta.url,
);

/** A thread that fails before it was ever ready is not replaced at once, but after so many milliseconds. */
const RESTART_DELAY = 1000;

export class PlacerPool {
  readonly #files: EmbedderFiles;
  readonly #options: PoolOptions;
  readonly #placers = new Set<Placer>();
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closing: (() => void) | undefined;

  private constructor(files: EmbedderFiles, options: PoolOptions) {
    this.#files = files;
    this.#options = options;
  }

  /** Starts the threads and waits until all are warm. @throws UserError if a model cannot be loaded */
  static async open(files: EmbedderFiles, options: PoolOptions): Promise<PlacerPool> {
    const pool = new PlacerPool(files, options);
    const starts = Array.from({ length: options.workers }, () => pool.#start());
    const results = await Promise.allSettled(starts);
    const failed = results.find((result) => result.status === "rejected");
    if (!failed) return pool;
    await pool.close();
    throw new UserError(`the map cannot be used: ${(failed.reason as Error).message}`);
  }

  /** Images that wait for a thread. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Places a picture.
   * @param alike how many of the nearest in feature space to tell
   * @param signal takes the picture out of the queue if it still waits
   * @throws Problem worker_failed if the thread fails; Error with the reason if the picture cannot be placed
   */
  place(pixels: Pixels, alike: number, signal?: AbortSignal): Promise<Placement> {
    if (this.#closing) return Promise.reject(new Problem("draining", "try again in a moment"));
    return new Promise((resolve, reject) => {
      const item: Waiting = { pixels, alike, since: performance.now(), resolve, reject };
      this.#waiting.push(item);
      signal?.addEventListener(
        "abort",
        () => {
          const at = this.#waiting.indexOf(item);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(signal.reason as Error);
        },
        { once: true },
      );
      this.#dispatch();
    });
  }

  /** Places what is waiting, then ends the threads. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#closing = resolve;
      this.#dispatch();
    });
    clearTimeout(this.#timer);
    const ends = [...this.#placers].map(
      ({ worker }) =>
        new Promise<void>((resolve) => {
          worker.once("exit", () => resolve());
          // Ending a thread from outside in the midst of native code can take the process with it.
          worker.postMessage("close");
        }),
    );
    await Promise.all(ends);
  }

  #dispatch(): void {
    clearTimeout(this.#timer);
    const { batchSize, batchWaitMs } = this.#options;
    for (const placer of this.#placers) {
      if (!placer.ready || placer.batch.length > 0) continue;
      const [first] = this.#waiting;
      if (!first) break;
      const waited = performance.now() - first.since;
      if (this.#waiting.length < batchSize && waited < batchWaitMs && !this.#closing) {
        this.#timer = setTimeout(() => this.#dispatch(), batchWaitMs - waited);
        return;
      }
      this.#send(placer, this.#waiting.splice(0, batchSize));
    }
    const busy = this.#waiting.length > 0 || [...this.#placers].some(({ batch }) => batch.length > 0);
    if (this.#closing && (!busy || this.#placers.size === 0)) this.#closing();
  }

  #send(placer: Placer, batch: readonly Waiting[]): void {
    placer.batch = batch;
    const request: PlaceRequest = {
      pictures: batch.map(({ pixels }) => pixels),
      alike: batch.map(({ alike }) => alike),
    };
    placer.worker.postMessage(request);
  }

  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(ENTRY, { workerData: this.#files });
      const placer: Placer = { worker, ready: false, batch: [] };
      let failure: Error | undefined;
      this.#placers.add(placer);
      worker.on("message", (message: PlaceReply | "ready") => {
        if (message === "ready") {
          placer.ready = true;
          resolve();
        } else {
          this.#finish(placer, message);
        }
        this.#dispatch();
      });
      worker.on("error", (error) => {
        failure = error as Error;
      });
      worker.on("exit", () => {
        this.#placers.delete(placer);
        const error = failure ?? new Error("the thread has ended");
        for (const item of placer.batch) item.reject(new Problem("worker_failed", "send the image again"));
        this.#replace(placer, error);
        if (!placer.ready) reject(error);
        this.#dispatch();
      });
    });
  }

  #finish(placer: Placer, { outcomes, seconds }: PlaceReply): void {
    const { batch } = placer;
    placer.batch = [];
    this.#options.onBatch?.(batch.length, seconds);
    batch.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i];
      if (typeof outcome === "string") reject(new Error(outcome));
      else resolve(outcome);
    });
  }

  #replace(placer: Placer, error: Error): void {
    if (this.#closing) return;
    this.#options.onFailure?.(error);
    const start = () => {
      if (!this.#closing) void this.#start().catch(() => {});
    };
    if (placer.ready) start();
    else setTimeout(start, RESTART_DELAY).unref();
  }
}
