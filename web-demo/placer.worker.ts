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

interface Engine {
  /** Prepares pictures on the CPU, whichever engine then places them. */
  readonly prepare: Embedder["prepare"];
  place: Embedder["place"];
  name: string;
}

let map: OpenMessage;
let engine: Promise<Engine> | undefined;
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
    const [{ embedding, novelty }] = await running.place([await running.prepare(pixels)]);
    return { id, embedding, novelty, preview, engine: running.name };
  });
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => undefined);
  return result;
}

/** Loads the models with the first image; tries again with the next if that failed. */
function opened(): Promise<Engine> {
  engine ??= open().catch((error) => {
    engine = undefined;
    throw error;
  });
  return engine;
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

async function open(): Promise<Engine> {
  const [runtime, given] = await Promise.all([wasmRuntime(), files()]);
  const { prepare, place } = await openEmbedder(given, runtime);
  return { prepare, place, name: ON_WASM };
}

/** Goes over to the graphics card if it puts pictures where the CPU puts them. Tried once. */
async function tryGpu(running: Engine): Promise<void> {
  if (gpuTried) return;
  gpuTried = true;
  try {
    const runtime = await webgpuRuntime();
    if (!runtime) return;
    const { place } = await openEmbedder(await files(), runtime);
    const pictures = probePictures(map.map.imageSize);
    const [cpu, gpu] = [await running.place(pictures), await place(pictures)];
    if (agrees(cpu, gpu, map.diagonal)) Object.assign(running, { place, name: ON_WEBGPU });
  } catch (error) {
    console.info(`WebGPU cannot run this map, WebAssembly goes on: ${reasonOf(error)}`);
  }
}
