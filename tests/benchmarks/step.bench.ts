// Speed of a whole training step (forward, backward, optimizer, the copies between threads) next to the machine's
// ceiling, the product of two 2048 × 2048 matrices. Steps and products alternate, so that both see the same
// machine; the figures are medians.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/step.bench.ts [--rounds N] [--json FILE]

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildStage } from "../../training/artifacts/stage-artifacts.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { Graph, gemm, reduceMean, serialize } from "../../training/graph/index.ts";
import { sizeOf } from "../../training/graph/types.ts";
import type { BackboneName } from "../../training/networks/backbone.ts";
import { TrainableModel } from "../../training/networks/model.ts";
import { type NetworkOptions, network } from "../../training/networks/network.ts";
import { randomStream } from "../../training/random.ts";
import { median } from "../support/median.ts";
import { paperStage } from "../support/stage.ts";

interface Case {
  readonly name: string;
  readonly backbone: BackboneName;
  /** Views in a batch, 2B. */
  readonly views: number;
}

const CASES: readonly Case[] = [
  { name: "small", backbone: "small", views: 512 },
  { name: "resnet18", backbone: "resnet18", views: 128 },
  { name: "resnet18", backbone: "resnet18", views: 256 },
];
const IMAGE_SIZE = 32;
const GEMM_SIZE = 2048;

interface Result {
  readonly network: string;
  readonly views: number;
  readonly milliseconds: number;
  readonly viewsPerSecond: number;
  readonly convGflops: number;
  readonly gemmGflops: number;
  /** Convolution rate as a share of the product's. */
  readonly share: number;
}

const { values: args } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, json: { type: "string" } },
});
const rounds = Number(args.rounds);

/**
 * Floating-point operations of the convolutions in one step: a multiplication and an addition for each product of
 * the forward pass, of the gradient at the weight and, unless the input is the images, of that at the input.
 */
function convolutionFlops(options: NetworkOptions, views: number): number {
  const graph = new Graph("count");
  const images = graph.input("views", "float32", [views, 3, options.imageSize, options.imageSize]);
  network(new TrainableModel(graph, "training"), images, options);
  let flops = 0;
  for (const { type, inputs, outputs } of graph.nodes) {
    if (type !== "Conv") continue;
    const [x, w] = inputs;
    const productsPerOutput = sizeOf(w!.shape.slice(1));
    flops += 2 * productsPerOutput * sizeOf(outputs[0].shape) * (x === images ? 2 : 3);
  }
  return flops;
}

/** Seconds of one matrix product; only the mean leaves the session, so that no result is copied. */
async function gemmTimer(): Promise<() => Promise<number>> {
  const shape = [GEMM_SIZE, GEMM_SIZE];
  const graph = new Graph("gemm");
  const [a, b] = ["a", "b"].map((name) => graph.input(name, "float32", shape));
  graph.output("mean", reduceMean(gemm(a, b, false, false), [0, 1]));
  const session = await InferenceSession.create(serialize(graph), { logSeverityLevel: 3 });
  const random = randomStream("gemm");
  const matrix = () =>
    new Tensor(
      "float32",
      Float32Array.from({ length: GEMM_SIZE ** 2 }, () => random.between(-1, 1)),
      shape,
    );
  const feeds = { a: matrix(), b: matrix() };
  return () => seconds(() => session.run(feeds));
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function measure(aCase: Case, gemm: () => Promise<number>): Promise<Result> {
  const options = paperStage(aCase.backbone, aCase.views);
  const artifacts = buildStage(options);
  const engine = new ThreadEngine();
  await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
  const random = randomStream("views");
  const views = Float32Array.from({ length: sizeOf(artifacts.viewsShape) }, () => random.uniform());
  const steps: number[] = [];
  const products: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const batch = views.slice(); // the engine takes it over
    const step = await seconds(() => engine.step(batch, 0.001));
    const product = await seconds(gemm);
    if (round < 0) continue; // warms up
    steps.push(step);
    products.push(product);
  }
  await engine.close();
  const step = median(steps);
  const convGflops = convolutionFlops(options.network, aCase.views) / step / 1e9;
  const gemmGflops = (2 * GEMM_SIZE ** 3) / median(products) / 1e9;
  return {
    network: aCase.name,
    views: aCase.views,
    milliseconds: step * 1000,
    viewsPerSecond: aCase.views / step,
    convGflops,
    gemmGflops,
    share: convGflops / gemmGflops,
  };
}

const gemmSeconds = await gemmTimer();
const results: Result[] = [];
for (const aCase of CASES) results.push(await measure(aCase, gemmSeconds));

console.log(
  `A training step on ${IMAGE_SIZE} × ${IMAGE_SIZE} images, medians of ${rounds} alternating rounds`,
);
console.log("network    views   ms/step   views/s   images/s   conv GFLOP/s   GEMM GFLOP/s   share");
for (const r of results) {
  const cells = [
    r.network.padEnd(9),
    String(r.views).padStart(6),
    r.milliseconds.toFixed(0).padStart(9),
    r.viewsPerSecond.toFixed(0).padStart(9),
    (r.viewsPerSecond / 2).toFixed(0).padStart(10),
    r.convGflops.toFixed(1).padStart(14),
    r.gemmGflops.toFixed(1).padStart(14),
    `${(100 * r.share).toFixed(0)} %`.padStart(7),
  ];
  console.log(cells.join(" "));
}
if (args.json) writeFileSync(args.json, `${JSON.stringify(results, undefined, 2)}\n`);
