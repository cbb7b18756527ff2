// A network built, differentiated and trained with tsimcne/graph: it reads digits that are drawn here.
//
//   node examples/digits.js

import { InferenceSession, Tensor } from "onnxruntime-node";
import {
  Graph,
  gradients,
  linear,
  logSumExp,
  mean,
  mul,
  reduceSum,
  relu,
  serialize,
  sub,
} from "tsimcne/graph";

const SIDE = 7;
const HIDDEN = 64;
const BATCH = 100;
const STEPS = 1500;

// Three columns and five rows a digit, from the top.
const DIGITS = [
  "###|#.#|#.#|#.#|###",
  ".#.|##.|.#.|.#.|###",
  "###|..#|###|#..|###",
  "###|..#|.##|..#|###",
  "#.#|#.#|###|..#|..#",
  "###|#..|###|..#|###",
  "###|#..|###|#.#|###",
  "###|..#|.#.|.#.|.#.",
  "###|#.#|###|#.#|###",
  "###|#.#|###|..#|###",
].map((rows) => rows.split("|"));

let seed = 1;
/** A number in [0, 1): the minimal standard generator of Park and Miller, 1988. */
function random() {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
}

/** Digits at random places, brighter or darker, with noise: pixels [BATCH, SIDE²] and which they are [BATCH, 10]. */
function draw() {
  const pixels = Float32Array.from({ length: BATCH * SIDE * SIDE }, () => 0.3 * random());
  const oneHot = new Float32Array(BATCH * 10);
  for (let i = 0; i < BATCH; i++) {
    const digit = Math.floor(10 * random());
    const [left, top] = [Math.floor(random() * (SIDE - 2)), Math.floor(random() * (SIDE - 4))];
    const ink = 0.6 + 0.4 * random();
    DIGITS[digit].forEach((row, y) => {
      for (let x = 0; x < 3; x++) {
        if (row[x] === "#") pixels[(i * SIDE + top + y) * SIDE + left + x] += ink;
      }
    });
    oneHot[i * 10 + digit] = 1;
  }
  return {
    pixels: new Tensor("float32", pixels, [BATCH, SIDE * SIDE]),
    digits: new Tensor("float32", oneHot, [BATCH, 10]),
  };
}

// The graph of a training step: what it is given, a network, a loss, its gradients, and the weights after the step.
const shapes = { w1: [HIDDEN, SIDE * SIDE], b1: [HIDDEN], w2: [10, HIDDEN], b2: [10] };
const graph = new Graph("digits");
const pixels = graph.input("pixels", "float32", [BATCH, SIDE * SIDE]);
const digits = graph.input("digits", "float32", [BATCH, 10]);
const rate = graph.input("rate", "float32", []);
const weights = Object.entries(shapes).map(([name, shape]) => graph.input(name, "float32", shape));
const [w1, b1, w2, b2] = weights;
const scores = linear(relu(linear(pixels, w1, b1)), w2, b2);
const loss = mean(sub(logSumExp(scores), reduceSum(mul(scores, digits), [1]))); // cross-entropy
graph.output("loss", loss);
graph.output("scores", scores);
gradients(loss, weights).forEach((gradient, i) => {
  graph.output(`${weights[i].name}.next`, sub(weights[i], mul(rate, gradient)));
});

const session = await InferenceSession.create(serialize(graph));
let values = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const spread = shape.length === 2 ? Math.sqrt(6 / shape[1]) : 0; // He et al. 2015
    return [
      name,
      new Tensor(
        "float32",
        Float32Array.from({ length: size }, () => spread * (2 * random() - 1)),
        shape,
      ),
    ];
  }),
);
for (let step = 0; step < STEPS; step++) {
  const results = await session.run({
    ...draw(),
    ...values,
    rate: new Tensor("float32", [1 - step / STEPS], []),
  });
  values = Object.fromEntries(Object.keys(shapes).map((name) => [name, results[`${name}.next`]]));
  if (step % 300 === 0) console.log(`step ${step}: loss ${results.loss.data[0].toFixed(3)}`);
}

let right = 0;
for (let i = 0; i < 10; i++) {
  const batch = draw();
  const results = await session.run({ ...batch, ...values, rate: new Tensor("float32", [0], []) });
  for (let row = 0; row < BATCH; row++) {
    const best = (data) => {
      const own = data.subarray(row * 10, (row + 1) * 10);
      return own.indexOf(Math.max(...own));
    };
    if (best(results.scores.data) === best(batch.digits.data)) right++;
  }
}
console.log(`${right / 10} % of 1000 new digits are read right`);
