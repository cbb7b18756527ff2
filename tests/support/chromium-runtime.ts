// The engines of a browser as runtimes that tests in Node can use: every session runs in Chromium.

import { Tensor } from "onnxruntime-common";
import type { Page } from "playwright-core";
import { build } from "vite";
import type { Runtime } from "../../models/runtime.ts";
import type { OrtTrainingRuntime, TrainingSession } from "../../training/engines/ort-training-stage.ts";
import viteConfig from "../../web-demo/vite.config.ts";
import { ARRAYS, type EngineHost, type SentTensor, type SentValues } from "./engine-host/messages.ts";
import { serveFolder, startBrowser } from "./page.ts";
import { temporaryFolder } from "./temporary.ts";

type Values = Record<string, Tensor>;

let built: Promise<string> | undefined;

/** Builds the page of the engines as the page that trains is built. @returns its folder */
async function buildHost(): Promise<string> {
  const outDir = await temporaryFolder();
  const root = new URL("engine-host", import.meta.url).pathname;
  await build({
    ...viteConfig,
    configFile: false,
    logLevel: "warn",
    root,
    build: { ...viteConfig.build, outDir, rolldownOptions: {} },
  });
  return outDir;
}

/** Opens an engine in Chromium; it is closed after the tests of this file. @throws if the browser has none */
export async function chromiumRuntime(name: string, browserArguments: readonly string[]): Promise<Runtime> {
  built ??= buildHost();
  const url = await serveFolder(await built, { isolated: true });
  const page = await (await startBrowser(browserArguments)).newPage();
  await page.goto(url);
  await page.waitForFunction("window.host");
  return await remote(page, name);
}

async function remote(page: Page, name: string): Promise<Runtime> {
  const call = <Method extends keyof EngineHost>(
    method: Method,
    ...given: Parameters<EngineHost[Method]>
  ): Promise<Awaited<ReturnType<EngineHost[Method]>>> =>
    page.evaluate(
      ([method, given]) =>
        (globalThis as unknown as { host: Record<string, (...a: unknown[]) => unknown> }).host[method](
          ...given,
        ),
      [method, given] as const,
    ) as never;
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

  const kept = (id: number, { dims, type }: SentTensor) =>
    ({
      location: "gpu-buffer",
      dims,
      type,
      id,
      dispose: () => void call("dispose", id),
    }) as unknown as Tensor;
  const sent = (values: Values): SentValues =>
    Object.fromEntries(
      Object.entries(values).map(([key, tensor]) => {
        const { type, dims, id } = tensor as Tensor & { readonly id?: number };
        if (id !== undefined) return [key, { type, dims, kept: id }];
        const data = tensor.data as Float32Array;
        return [
          key,
          { type, dims, base64: base64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) },
        ];
      }),
    );
  const received = (values: SentValues): Values =>
    Object.fromEntries(
      Object.entries(values).map(([key, tensor]) => {
        if (tensor.kept !== undefined) return [key, kept(tensor.kept, tensor)];
        const bytes = Uint8Array.from(Buffer.from(tensor.base64!, "base64"));
        const type = tensor.type as "float32";
        return [key, new Tensor(type, new ARRAYS[type](bytes.buffer), tensor.dims)];
      }),
    );

  const hasDeviceMemory = await call("open", name);
  const runtime: Runtime = {
    async createSession(model, { onDevice = [] } = {}) {
      const id = await call("createSession", base64(model), onDevice);
      return {
        run: async (feeds: Values, outputs?: readonly string[]) =>
          received(await call("run", id, sent(feeds), outputs)),
        release: () => call("release", id),
      } as never;
    },
    Tensor,
    hasDeviceMemory,
  };
  if (name !== "ort-training") return runtime;
  const training: OrtTrainingRuntime = {
    ...runtime,
    async createTrainingSession(models) {
      const id = await call(
        "createTrainingSession",
        Object.fromEntries(Object.entries(models).map(([key, bytes]) => [key, base64(bytes)])),
      );
      const values = async (method: string, argument?: SentValues | boolean) =>
        received((await call("train", id, method, argument))!);
      return {
        runTrainStep: (feeds) => values("runTrainStep", sent(feeds)),
        runEvalStep: (feeds) => values("runEvalStep", sent(feeds)),
        runOptimizerStep: async () => void (await call("train", id, "runOptimizerStep")),
        lazyResetGrad: async () => void (await call("train", id, "lazyResetGrad")),
        getContiguousParameters: async (trainable) =>
          (await values("getContiguousParameters", trainable)).result,
        release: () => call("release", id),
      } satisfies TrainingSession;
    },
  };
  return training;
}
