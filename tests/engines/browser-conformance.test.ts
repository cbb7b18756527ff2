// The engines of the page that trains, in Chromium, compute what the CPU computes.

import { describe } from "node:test";
import type { Runtime } from "../../models/runtime.ts";
import { type DeviceName, flavourOf } from "../../training/engines/device-names.ts";
import { LocalEngine } from "../../training/engines/local-engine.ts";
import { chromiumRuntime } from "../support/chromium-runtime.ts";
import { conformance, WEBGPU_LACKS } from "../support/conformance.ts";

const engines: readonly [
  name: DeviceName,
  browserArguments: readonly string[],
  lacks: Record<string, string>,
][] = [
  ["wasm", [], {}],
  ["webgpu", ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"], WEBGPU_LACKS],
  ["ort-training", [], {}],
];

for (const [name, browserArguments, lacks] of engines) {
  let runtime: Runtime | undefined;
  let skip: string | false = false;
  try {
    runtime = await chromiumRuntime(name, browserArguments);
  } catch (error) {
    skip = (error as Error).message;
  }
  describe(`engine ${name} in Chromium`, { skip }, () => {
    if (runtime)
      conformance(runtime, () => new LocalEngine(runtime, flavourOf(name)), {
        share: 0.1,
        lacks,
        // A graphics card in software takes its time; Node tries another one.
        optimizers: name === "webgpu" ? ["sgd"] : ["sgd", "adamw", "muon"],
        microBatches: true,
      });
  });
}
