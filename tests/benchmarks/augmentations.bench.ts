// Views per second of the host code on one core, next to the same crop and flip as a graph of two batched matrix
// products on one thread. Medians over interleaved rounds; `--json` prints one JSON object.
//
//   node --import tsx tests/benchmarks/augmentations.bench.ts

import { InferenceSession, Tensor } from "onnxruntime-node";
import { viewRenderer } from "../../training/augmentations/apply.ts";
import { drawView, type ViewDraw } from "../../training/augmentations/draw.ts";
import { augmentationPolicies } from "../../training/augmentations/policy.ts";
import { renderViews } from "../../training/augmentations/views.ts";
import { Graph, matMul, serialize } from "../../training/graph/index.ts";
import { randomStream } from "../../training/random.ts";

const PICTURES = 64;
const VIEWS = 2 * PICTURES;
const ROUNDS = 15;
const FILL = [128, 128, 128] as const;

/** Smooth pictures with some noise: real ones neither lie flat nor jump from pixel to pixel. */
function makePictures(size: number): Uint8Array {
  const random = randomStream("benchmark");
  return Uint8Array.from({ length: PICTURES * size * size * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const wave = Math.sin((pixel % size) / 7 + (i % 3)) * Math.cos(Math.floor(pixel / size) / 9);
    return 120 + 90 * wave + random.integer(30);
  });
}

/** The crop and flip as weights [size, size] of each output position over the source positions. */
function weights(
  size: number,
  from: number,
  length: number,
  flip: boolean,
  transposed: boolean,
): Float32Array {
  const result = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    const position = Math.min(Math.max(((i + 0.5) * length) / size - 0.5, 0), length - 1);
    const index = Math.floor(position);
    const to = flip ? size - 1 - i : i;
    const at = (source: number) => (transposed ? source * size + to : to * size + source);
    result[at(from + Math.min(index + 1, length - 1))] += position - index;
    result[at(from + index)] += 1 - (position - index);
  }
  return result;
}

async function cropGraph(size: number, pictures: Uint8Array, draws: readonly ViewDraw[]) {
  const graph = new Graph("crop");
  const images = graph.input("images", "float32", [VIEWS, 3, size, size]);
  const rows = graph.input("rows", "float32", [VIEWS, 1, size, size]);
  const columns = graph.input("columns", "float32", [VIEWS, 1, size, size]);
  graph.output("views", matMul(matMul(rows, images), columns));
  const session = await InferenceSession.create(serialize(graph), { intraOpNumThreads: 1 });
  // The graph is given its pictures planar, as float and doubled for the two views: work that the host code does
  // within its time.
  const planar = new Float32Array(VIEWS * 3 * size * size);
  for (let i = 0; i < planar.length; i++) {
    const pixel = i % (size * size);
    const plane = Math.floor(i / (size * size));
    const picture = Math.floor(plane / 3) % PICTURES;
    planar[i] = pictures[(picture * size * size + pixel) * 3 + (plane % 3)] / 255;
  }
  const rowWeights = new Float32Array(VIEWS * size * size);
  const columnWeights = new Float32Array(VIEWS * size * size);
  const fillWeights = () =>
    draws.forEach(({ crop, horizontalFlip, verticalFlip }, i) => {
      rowWeights.set(weights(size, crop.top, crop.height, verticalFlip, false), i * size * size);
      columnWeights.set(weights(size, crop.left, crop.width, horizontalFlip, true), i * size * size);
    });
  const feeds = {
    images: new Tensor("float32", planar, [VIEWS, 3, size, size]),
    rows: new Tensor("float32", rowWeights, [VIEWS, 1, size, size]),
    columns: new Tensor("float32", columnWeights, [VIEWS, 1, size, size]),
  };
  fillWeights();
  const run = async () => (await session.run(feeds)).views.data as Float32Array;
  return {
    run,
    fillAndRun: () => {
      fillWeights();
      return run();
    },
    close: () => session.release(),
  };
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];

async function measure(size: number) {
  const pictures = makePictures(size);
  const indices = Uint32Array.from({ length: PICTURES }, (_, i) => i);
  const out = new Float32Array(VIEWS * 3 * size * size);
  const draws = Array.from({ length: VIEWS }, (_, i): ViewDraw => {
    const draw = drawView(randomStream("benchmark", i), size, augmentationPolicies.natural);
    return { ...draw, colors: [], grayscale: false };
  });
  const render = viewRenderer(size, FILL);
  const crop = () => {
    draws.forEach((draw, i) => {
      render(pictures, (i % PICTURES) * size * size * 3, draw, out, i * size * size * 3);
    });
  };
  const graph = await cropGraph(size, pictures, draws);

  crop();
  const fromGraph = await graph.run();
  const difference = out.reduce((worst, value, i) => Math.max(worst, Math.abs(value - fromGraph[i])), 0);
  if (difference > 1e-5) throw new Error(`the graph crops otherwise: differs by ${difference}`);

  let epoch = 0;
  const whole = (policy: keyof typeof augmentationPolicies) => () =>
    renderViews(
      pictures,
      indices,
      { seed: 1, stage: 1, epoch: epoch++, policy: augmentationPolicies[policy], size, fill: FILL },
      out,
    );
  const contenders: Record<string, () => unknown> = {
    natural: whole("natural"),
    "oriented-free": whole("oriented-free"),
    "crop and flip, host": crop,
    "crop and flip, graph": graph.fillAndRun,
    "… its products alone": graph.run,
  };
  const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const start = performance.now();
      await run();
      // The first rounds warm up the compiler and the caches.
      if (round >= 3) times.get(name)!.push(performance.now() - start);
    }
  }
  await graph.close();
  return Array.from(times, ([name, list]) => {
    const milliseconds = median(list);
    return {
      size,
      name,
      microsecondsPerView: (milliseconds * 1e3) / VIEWS,
      viewsPerSecond: (VIEWS * 1e3) / milliseconds,
    };
  });
}

const results = [...(await measure(32)), ...(await measure(64))];
if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ benchmark: "augmentations", results }));
} else {
  for (const { size, name, microsecondsPerView, viewsPerSecond } of results) {
    const figures = `${microsecondsPerView.toFixed(1).padStart(8)} µs/view ${viewsPerSecond.toFixed(0).padStart(8)} views/s`;
    console.log(`${size} × ${size}  ${name.padEnd(22)}${figures}`);
  }
}
