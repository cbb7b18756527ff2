// A training step next to PyTorch's on the same processor: the same network, batch and optimizer, views in memory. The
// sides alternate; figures are medians, and ratios of each round's own times.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/pytorch.bench.ts [--rounds N] [--network small] [--json FILE]

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildStage, type StageGraphOptions } from "../../training/artifacts/stage-artifacts.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { sizeOf } from "../../training/graph/types.ts";
import { backbones } from "../../training/networks/backbone.ts";
import { randomStream } from "../../training/random.ts";
import { median } from "../support/median.ts";
import { pythonWith } from "../support/python.ts";
import { paperStage } from "../support/stage.ts";

const pythonWithTorch = pythonWith("torch");

const SCRIPT = fileURLToPath(new URL("../support/pytorch/time_steps.py", import.meta.url));
/** glibc gives no memory back and takes none by mmap: ONNX Runtime's arena has the same effect. */
const TUNED = { MALLOC_MMAP_MAX_: "0", MALLOC_TRIM_THRESHOLD_: "100000000000", MALLOC_TOP_PAD_: "500000000" };

const CASES = [
  ["small", 512],
  ["resnet18", 128],
  ["resnet18", 256],
  ["resnet18", 512],
] as const;

const { values: args } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    network: { type: "string" },
    json: { type: "string" },
  },
});
const rounds = Number(args.rounds);

if (pythonWithTorch === undefined) {
  console.log("skipped: no python3 here has torch and numpy (Debian: python3-torch)");
  process.exit(0);
}

/** A process that makes a step when it is told to. */
class Torch {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  format = "";
  version = "";

  constructor(options: StageGraphOptions, views: number, environment: NodeJS.ProcessEnv) {
    const { widths, depths, stemStride } = backbones[options.network.backbone];
    const { hiddenDim, outDim, imageSize } = options.network;
    const { kernel, temperature } = options.loss;
    const job = {
      ...{ widths, depths, stemStride, hiddenDim, outDim, imageSize, kernel, temperature, views },
      optimizer: options.optimizer,
      threads: availableParallelism(),
    };
    this.#child = spawn(pythonWithTorch!, [SCRIPT, JSON.stringify(job)], {
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout! });
  }

  async ready(): Promise<void> {
    Object.assign(this, JSON.parse(await this.#line()));
  }

  /** Seconds. */
  async step(): Promise<number> {
    this.#child.stdin!.write("step\n");
    return Number(await this.#line());
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    await once(this.#child, "exit");
  }

  async #line(): Promise<string> {
    const [line] = (await once(this.#lines, "line")) as [string];
    return line;
  }
}

const results = [];
for (const [backbone, views] of CASES.filter(([name]) => name === (args.network ?? name))) {
  const options = paperStage(backbone, views);
  const artifacts = buildStage(options);
  const engine = new ThreadEngine();
  await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
  const random = randomStream("views");
  const batch = Float32Array.from({ length: sizeOf(artifacts.viewsShape) }, () => random.uniform());
  const ours = async () => {
    const copy = batch.slice(); // the engine takes it over
    const start = performance.now();
    await engine.step(copy, 0.001);
    return (performance.now() - start) / 1000;
  };
  await ours();
  await ours();
  const installed = new Torch(options, views, {});
  await installed.ready();
  const tuned = new Torch(options, views, TUNED);
  await tuned.ready();
  const times = { ours: [] as number[], installed: [] as number[], tuned: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await ours());
    times.installed.push(await installed.step());
    times.tuned.push(await tuned.step());
  }
  await Promise.all([engine.close(), installed.close(), tuned.close()]);
  const ratio = (side: "installed" | "tuned") =>
    median(times[side].map((seconds, round) => seconds / times.ours[round]));
  const result = {
    network: backbone,
    views,
    imagesPerSecond: views / 2 / median(times.ours),
    ofInstalled: ratio("installed"),
    ofTuned: ratio("tuned"),
    formats: [installed.format, tuned.format],
    torch: installed.version,
    times,
  };
  results.push(result);
  console.log(
    `${backbone}, ${views} views: ${result.imagesPerSecond.toFixed(1)} images/s, ` +
      `${result.ofInstalled.toFixed(2)} × PyTorch ${installed.version} as installed (${installed.format}), ` +
      `${result.ofTuned.toFixed(2)} × PyTorch without mmap and trim (${tuned.format})`,
  );
}
if (args.json) writeFileSync(args.json, JSON.stringify(results, undefined, 2));
