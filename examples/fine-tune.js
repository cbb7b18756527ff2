// Reads the encoder of a finished map with tsimcne/graph and trains its last layer alone, to another end: pictures
// of warm colours go to the left of the map, of cold ones to the right. What comes out is an encoder like the one that
// went in.
//
//   node examples/fine-tune.js models/trained/emoji/encoder.onnx tuned.onnx

import { readFile, writeFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import {
  add,
  deserialize,
  div,
  gradients,
  mean,
  mul,
  scale,
  serialize,
  shift,
  sqrt,
  sub,
} from "tsimcne/graph";

const BATCH = 32;
const STEPS = 500;

const [from, to] = process.argv.slice(2);
if (!to) {
  console.error("usage: node examples/fine-tune.js encoder.onnx tuned.onnx");
  process.exit(2);
}
const bytes = await readFile(from);

// The last layer is the one whose weight and bias have the highest number: "head.0" of a linear head, "head.2" of an
// MLP with one hidden layer, and so on. The more layers lie before it, the less it has to go by.
const names = [...deserialize(bytes).tensors.keys()].filter((name) =>
  /^head\.\d+\.(weight|bias)$/.test(name),
);
const layer = names
  .map((name) => name.slice(0, name.lastIndexOf(".")))
  .sort()
  .at(-1);
const trained = [`${layer}.weight`, `${layer}.bias`];

const { graph, tensors, values } = deserialize(bytes, { variables: trained, dims: { batch: BATCH } });
const embedding = tensors.get("embedding");
const [, side] = tensors.get("images").shape;
const [, outDim] = embedding.shape;

// The graph of a training step: squared distance to where the images shall go, its gradients, and Adam (Kingma & Ba
// 2015), which keeps two moments for each weight. `rate` comes with the correction for the first steps.
const targets = graph.input("targets", "float32", [BATCH, outDim]);
const rate = graph.input("rate", "float32", []);
const apart = sub(embedding, targets);
const loss = mean(mul(apart, apart));
const weights = trained.map((name) => tensors.get(name));
graph.output("loss", loss);
const state = {};
gradients(loss, weights).forEach((gradient, i) => {
  const { name, shape } = weights[i];
  const size = values[name].length;
  const [first, second] = ["first", "second"].map((moment) => {
    state[`${name}.${moment}`] = new Tensor("float32", new Float32Array(size), shape);
    return graph.input(`${name}.${moment}`, "float32", shape);
  });
  const m = add(scale(first, 0.9), scale(gradient, 0.1));
  const v = add(scale(second, 0.999), scale(mul(gradient, gradient), 0.001));
  state[name] = new Tensor("float32", values[name], shape);
  graph.output(`${name}.next`, sub(weights[i], div(mul(rate, m), shift(sqrt(v), 1e-8))));
  graph.output(`${name}.first.next`, m);
  graph.output(`${name}.second.next`, v);
});
const session = await InferenceSession.create(serialize(graph));

let seed = 1;
function random() {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
}

/** Stripes of warm or cold colours, and where they shall go. */
function draw() {
  const pixels = new Uint8Array(BATCH * side * side * 3);
  const goals = new Float32Array(BATCH * outDim);
  for (let i = 0; i < BATCH; i++) {
    const warm = random() < 0.5;
    goals[i * outDim] = warm ? -1 : 1;
    const colors = [0, 1].map(() => {
      const [more, less] = [128 + 128 * random(), 128 * random()];
      return warm ? [more, 256 * random(), less] : [less, 256 * random(), more];
    });
    const width = 2 + 6 * random();
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        pixels.set(colors[Math.floor((x + y) / width) % 2], ((i * side + y) * side + x) * 3);
      }
    }
  }
  return {
    images: new Tensor("uint8", pixels, [BATCH, side, side, 3]),
    targets: new Tensor("float32", goals, [BATCH, outDim]),
  };
}

for (let step = 1; step <= STEPS; step++) {
  const rate = (0.15 * (1 - step / STEPS) * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
  const results = await session.run({ ...draw(), ...state, rate: new Tensor("float32", [rate], []) });
  for (const name of Object.keys(state)) state[name] = results[`${name}.next`];
  if (step % 100 === 1) console.log(`step ${step}: loss ${results.loss.data[0].toFixed(3)}`);
}

// The same file with other values in the last layer.
const tuned = deserialize(bytes);
for (const name of trained) tuned.tensors.get(name).data.set(state[name].data);
for (const name of ["embedding", "features", "statistics"]) tuned.graph.output(name, tuned.tensors.get(name));
await writeFile(to, serialize(tuned.graph));

const check = await InferenceSession.create(to);
const { images, targets: goals } = draw();
const { embedding: points } = await check.run({ images });
const right = Array.from({ length: BATCH }, (_, i) => points.data[i * outDim] * goals.data[i * outDim] > 0);
console.log(`${to}: ${right.filter(Boolean).length} of ${BATCH} new pictures on their side`);
