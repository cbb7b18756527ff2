// Decodes and places one image again and again without HTTP; started by serving.bench.ts.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { openBundle } from "../../models/bundle/bundle.node.ts";
import { bundleFiles } from "../../models/bundle/files.ts";
import { decodeImage, decodeOptionsOf } from "../../models/decode.node.ts";
import { readEmbedderFiles } from "../../models/embedder-files.node.ts";
import type { Pixels } from "../../models/pixels.ts";
import { defaultServingOptions } from "../../serving/options.ts";
import { PlacerPool } from "../../serving/placer-pool.ts";

interface Order {
  readonly map: string;
  /** Base64. */
  readonly body: string;
  readonly seconds: number;
  readonly inFlight: number;
}

/** Images a second, so many at a time: decoded here, then given to `place`. */
async function rate(order: Order, place: (pixels: Pixels) => Promise<unknown>): Promise<number> {
  const bytes = Buffer.from(order.body, "base64");
  const { info } = await openBundle(order.map);
  const options = decodeOptionsOf(info);
  let done = 0;
  let end = performance.now() + 2000;
  const loop = async () => {
    while (performance.now() < end) {
      await place(await decodeImage(bytes, options));
      done++;
    }
  };
  await Promise.all(Array.from({ length: order.inFlight }, loop)); // warm
  done = 0;
  const start = performance.now();
  end = start + order.seconds * 1000;
  await Promise.all(Array.from({ length: order.inFlight }, loop));
  return done / ((performance.now() - start) / 1000);
}

/** preprocess.onnx and encoder.onnx alone, batched as the server does it. */
async function encodingOnly(order: Order): Promise<number> {
  const { batchSize } = defaultServingOptions(availableParallelism());
  const bundle = await openBundle(order.map);
  const workerData = {
    preprocess: await bundle.read(bundleFiles.preprocess),
    encoder: await bundle.read(bundleFiles.encoder),
    imageSize: bundle.info.imageSize,
  };
  const waiting: { pixels: Pixels; resolve: () => void }[] = [];
  const idle: Worker[] = [];
  const dispatch = () => {
    while (idle.length > 0 && waiting.length > 0) {
      const worker = idle.pop()!;
      const batch = waiting.splice(0, batchSize);
      worker.postMessage(batch.map(({ pixels }) => pixels));
      worker.once("message", () => {
        idle.push(worker);
        for (const { resolve } of batch) resolve();
        dispatch();
      });
    }
  };
  const entry = new URL("./serving-direct.worker.ts", import.meta.url);
  const workers = Array.from({ length: availableParallelism() }, () => new Worker(entry, { workerData }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  idle.push(...workers);
  const result = await rate(
    order,
    (pixels) =>
      new Promise<void>((resolve) => {
        waiting.push({ pixels, resolve });
        dispatch();
      }),
  );
  for (const worker of workers) worker.postMessage("close");
  return result;
}

/** What the server's threads do: novelty too. */
async function placing(order: Order): Promise<number> {
  const { workers, batchSize, batchWaitMs } = defaultServingOptions(availableParallelism());
  const files = await readEmbedderFiles(await openBundle(order.map));
  const pool = await PlacerPool.open(files, { workers, batchSize, batchWaitMs });
  const result = await rate(order, (pixels) => pool.place(pixels, 0));
  await pool.close();
  return result;
}

process.on("message", async (order: Order) => {
  process.send!({ encoded: await encodingOnly(order), placed: await placing(order) });
});
