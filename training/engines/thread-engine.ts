// Runs stages on one of the devices in a worker thread, so that the caller's event loop stays free.

import "../../models/telemetry.node.ts";
import { Worker } from "node:worker_threads";
import { reasonOf } from "../../models/errors.ts";
import type { Flavour, StageModels } from "../artifacts/stage-artifacts.ts";
import { type DeviceName, flavourOf } from "./device-names.ts";
import { type Encoded, type Engine, EngineError, type StepResult, type TrainingState } from "./engine.ts";

type Call =
  | { call: "load"; artifacts: StageModels; state: TrainingState }
  | { call: "step"; views: Float32Array; learningRate: number }
  | { call: "evaluate"; views: Float32Array }
  | { call: "state" }
  | { call: "loadEncoder"; encoder: Uint8Array }
  | { call: "encode"; images: Uint8Array; count: number };

export type ThreadCall = Call & { id: number };
export type ThreadRequest = ThreadCall | "close";
export type ThreadReply = { id: number; value?: unknown; error?: string };

const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./thread.worker.ts" : "./thread.worker.js",
  import.meta.url,
);

export class ThreadEngine implements Engine {
  readonly #device: DeviceName;
  readonly flavour: Flavour;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #exit: Promise<void>;
  #nextId = 0;
  #failure: Error | undefined;

  /** @param device defaults to "cpu"; whether it works shows when a stage is loaded */
  constructor(device: DeviceName = "cpu") {
    this.#device = device;
    this.flavour = flavourOf(device);
    this.#worker = new Worker(WORKER, { workerData: device });
    this.#exit = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
    this.#worker.on("message", ({ id, value, error }: ThreadReply) => {
      const call = this.#waiting.get(id);
      if (!call) return; // was rejected when the engine was closed
      this.#waiting.delete(id);
      if (error === undefined) call.resolve(value as never);
      else call.reject(new EngineError(this.#device, error));
    });
    this.#worker.on("error", (error) =>
      this.#fail(new EngineError(this.#device, `it has stopped: ${reasonOf(error)}`, { cause: error })),
    );
    this.#worker.on("exit", () => this.#fail(new EngineError(this.#device, "it has stopped")));
  }

  async load(artifacts: StageModels, state: TrainingState): Promise<void> {
    // Only names and shapes are sent: functions cannot be.
    const plain = (list: StageModels["weights"]) => list.map(({ name, shape }) => ({ name, shape }));
    const sent = { ...artifacts, weights: plain(artifacts.weights), statistics: plain(artifacts.statistics) };
    await this.#call({ call: "load", artifacts: sent, state });
  }

  step(views: Float32Array, learningRate: number): Promise<StepResult> {
    return this.#call({ call: "step", views, learningRate }, [views.buffer as ArrayBuffer]);
  }

  evaluate(views: Float32Array): Promise<number> {
    return this.#call({ call: "evaluate", views }, [views.buffer as ArrayBuffer]);
  }

  state(): Promise<TrainingState> {
    return this.#call({ call: "state" });
  }

  loadEncoder(encoder: Uint8Array): Promise<void> {
    return this.#call({ call: "loadEncoder", encoder });
  }

  encode(images: Uint8Array, count: number): Promise<Encoded> {
    return this.#call({ call: "encode", images, count }, [images.buffer as ArrayBuffer]);
  }

  async close(): Promise<void> {
    if (!this.#failure) {
      this.#fail(new Error("the engine is closed"));
      // The thread ends by itself: ended from outside in the midst of native code, it can take the process with it.
      this.#worker.postMessage("close" satisfies ThreadRequest);
    }
    await this.#exit;
  }

  #call<T>(call: Call, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...call, id } satisfies ThreadCall, transfer);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
