import { parentPort, workerData } from "node:worker_threads";
import type { Pixels } from "../../models/pixels.ts";
import { openPreprocessor } from "../../models/preprocessor.ts";
import { nodeRuntimeWithThreads } from "../../models/runtime.node.ts";

const { preprocess, encoder, imageSize } = workerData;
const runtime = nodeRuntimeWithThreads(1);
const preprocessor = await openPreprocessor(preprocess, runtime, imageSize);
const session = await runtime.createSession(encoder);

parentPort!.on("message", async (pictures: readonly Pixels[] | "close") => {
  if (pictures === "close") {
    await preprocessor.close();
    await session.release();
    parentPort!.close();
    return;
  }
  const images = new Uint8Array(pictures.length * imageSize * imageSize * 3);
  for (const [i, pixels] of pictures.entries()) {
    images.set(await preprocessor.run(pixels), i * imageSize * imageSize * 3);
  }
  const shape = [pictures.length, imageSize, imageSize, 3];
  await session.run({ images: new runtime.Tensor("uint8", images, shape) });
  parentPort!.postMessage("done");
});
parentPort!.postMessage("ready");
