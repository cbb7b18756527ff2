// Places images in the browser: decode, preprocess.onnx, encoder.onnx, the same steps as in Node.

import { type Embedder, openEmbedder } from "../models/embedder.ts";
import { reasonOf } from "../models/errors.ts";
import { decodeFeatures } from "../models/features-file.ts";
import { decodeImage } from "./decode.web.ts";
import { fetchBytes } from "./fetch.ts";
import { agrees, probePictures } from "./gpu-probe.ts";
import {
  type FailedMessage,
  type OpenMessage,
  type PlacedMessage,
  type PlaceMessage,
  placerFiles,
} from "./placer-messages.ts";
import { wasmRuntime, wasmThreads, webgpuRuntime } from "./runtime.web.ts";

/** The graphics card takes a while to start: worth it only where at least so many images wait. */
const MANY = 8;

const ON_WASM = `WebAssembly, ${wasmThreads === 1 ? "1 thread" : `${wasmThreads} threads`}`;
const ON_WEBGPU = "WebGPU";

interface Engines {
  /** Prepares all pictures, whichever engine then places them. */
  readonly cpu: Embedder;
  /** There while it is used. */
  gpu?: Embedder;
}

let map: OpenMessage;
let engines: Promise<Engines> | undefined;
let gpuTried = false;
/** Ends when the last image so far is placed. Sessions run one at a time. */
let last: Promise<unknown> = Promise.resolve();

self.onmessage = async ({ data }: MessageEvent<OpenMessage | PlaceMessage>) => {
  if (data.kind === "open") {
    map = data;
    return;
  }
  const { id } = data;
  try {
    self.postMessage(await place(data));
  } catch (error) {
    self.postMessage({ id, reason: reasonOf(error) } satisfies FailedMessage);
  }
};

async function place({ id, file, waiting }: PlaceMessage): Promise<PlacedMessage> {
  const { pixels, preview } = await decodeImage(file, map.map);
  return await inTurn(async () => {
    const running = await opened();
    if (waiting >= MANY) await tryGpu(running);
    const pictures = [await running.cpu.prepare(pixels)];
    const [{ embedding, novelty }] =
      (await placeOnGpu(running, pictures)) ?? (await running.cpu.place(pictures));
    return { id, embedding, novelty, preview, engine: running.gpu ? ON_WEBGPU : ON_WASM };
  });
}

/** Undefined where there is no graphics card, or it is lost, as it may be after sleep. */
async function placeOnGpu(running: Engines, pictures: Uint8Array[]) {
  try {
    return await running.gpu?.place(pictures);
  } catch (error) {
    console.info(`WebGPU fails, WebAssembly goes on: ${reasonOf(error)}`);
    running.gpu = undefined;
    return undefined;
  }
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => undefined);
  return result;
}

/** Loads the models with the first image; tries again with the next if that failed. */
function opened(): Promise<Engines> {
  engines ??= open().catch((error) => {
    engines = undefined;
    throw error;
  });
  return engines;
}

async function files() {
  const [preprocess, encoder, neighbours, features] = await Promise.all(
    placerFiles.map((name) => fetchBytes(map.urls[name])),
  );
  return {
    preprocess,
    encoder,
    neighbours,
    features: decodeFeatures(features),
    imageSize: map.map.imageSize,
  };
}

async function open(): Promise<Engines> {
  const [runtime, given] = await Promise.all([wasmRuntime(), files()]);
  return { cpu: await openEmbedder(given, runtime) };
}

/** Goes over to the graphics card if it puts pictures where the CPU puts them. Tried once. */
async function tryGpu(running: Engines): Promise<void> {
  if (gpuTried) return;
  gpuTried = true;
  try {
    const runtime = await webgpuRuntime();
    if (!runtime) return;
    const gpu = await openEmbedder(await files(), runtime);
    const pictures = probePictures(map.map.imageSize);
    if (agrees(await running.cpu.place(pictures), await gpu.place(pictures), map.diagonal)) running.gpu = gpu;
  } catch (error) {
    console.info(`WebGPU cannot run this map, WebAssembly goes on: ${reasonOf(error)}`);
  }
}
