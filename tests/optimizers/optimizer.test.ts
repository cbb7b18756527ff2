import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Matrix } from "ml-matrix";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { Graph, serialize } from "../../training/graph/index.ts";
import {
  momentNames,
  type OptimizerOptions,
  optimizerNames,
  update,
} from "../../training/optimizers/optimizer.ts";
import { randomStream } from "../../training/random.ts";

const STEPS = 20;
const LENGTH = 50;

/** One element's update in double precision, as torch.optim documents it. */
function reference(options: OptimizerOptions): (w: number, g: number, rate: number) => number {
  const { optimizer, momentum, weightDecay, clipValue } = options;
  let [step, first, second] = [0, 0, 0];
  return (w, slope, rate) => {
    step++;
    const clipped = Math.min(Math.max(slope, -clipValue), clipValue);
    if (optimizer === "sgd") {
      first = momentum * first + clipped + weightDecay * w;
      return w - rate * first;
    }
    const g = optimizer === "adam" ? clipped + weightDecay * w : clipped;
    first = 0.9 * first + 0.1 * g;
    second = 0.999 * second + 0.001 * g * g;
    const [mean, variance] = [first / (1 - 0.9 ** step), second / (1 - 0.999 ** step)];
    const kept = optimizer === "adamw" ? w - rate * weightDecay * w : w;
    return kept - (rate * mean) / (Math.sqrt(variance) + 1e-8);
  };
}

async function check(options: OptimizerOptions, slopeScale: number): Promise<void> {
  const graph = new Graph("optimizer");
  const scalar = (name: string) => graph.input(name, "float32", []);
  const vector = (name: string) => graph.input(name, "float32", [LENGTH]);
  const inputs = { learningRate: scalar("learning_rate"), step: scalar("step") };
  const names = momentNames(options.optimizer);
  const next = update({ weight: vector("w"), moments: names.map(vector) }, vector("g"), inputs, options);
  graph.output("w.next", next.weight);
  for (const [i, name] of names.entries()) graph.output(`${name}.next`, next.moments[i]);
  const session = await InferenceSession.create(serialize(graph), { logSeverityLevel: 3 });

  const random = randomStream("optimizer", options.optimizer);
  let expected = Array.from({ length: LENGTH }, () => Math.fround(random.normal()));
  const rules = expected.map(() => reference(options));
  const state: Record<string, Tensor> = { w: new Tensor("float32", Float32Array.from(expected), [LENGTH]) };
  for (const name of names) state[name] = new Tensor("float32", new Float32Array(LENGTH), [LENGTH]);
  for (let i = 0; i < STEPS; i++) {
    const slopes = Float32Array.from({ length: LENGTH }, () => slopeScale * random.normal());
    const rate = Math.fround(0.01 * (i + 1));
    expected = expected.map((w, k) => rules[k](w, slopes[k], rate));
    const results = await session.run({
      ...state,
      g: new Tensor("float32", slopes, [LENGTH]),
      learning_rate: new Tensor("float32", Float32Array.of(rate), []),
      step: new Tensor("float32", Float32Array.of(i + 1), []),
    });
    for (const [name, value] of Object.entries(results)) state[name.replace(".next", "")] = value;
  }
  await session.release();
  const actual = state.w.data as Float32Array;
  expected.forEach((w, k) => {
    const error = Math.abs(actual[k] - w) / Math.max(1, Math.abs(w));
    assert.ok(error < 2e-5, `weight ${k} after ${STEPS} steps: ${actual[k]}, expected ${w}`);
  });
}

describe(`${STEPS} updates equal those in double precision`, () => {
  for (const optimizer of optimizerNames.filter((name) => name !== "muon")) {
    for (const weightDecay of [0, 0.05]) {
      const options = { optimizer, momentum: 0.9, weightDecay, clipValue: 4 };
      test(`${optimizer}, weight decay ${weightDecay}`, () => check(options, 1));
      test(`${optimizer}, weight decay ${weightDecay}, most slopes clipped`, () => check(options, 20));
    }
    test(`${optimizer}, slopes as small as those of a finished map`, () =>
      check({ optimizer, momentum: 0.9, weightDecay: 0, clipValue: 4 }, 1e-5));
  }
  test("sgd without momentum", () =>
    check({ optimizer: "sgd", momentum: 0, weightDecay: 0.01, clipValue: 4 }, 1));
});

/** Muon in double precision, as Jordan et al. write it down: Nesterov's momentum, five steps of the quintic. */
function muonReference(w: number[][], buffer: number[][], g: number[][], rate: number, decay: number): void {
  const [rows, columns] = [w.length, w[0].length];
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) buffer[r][c] = 0.9 * buffer[r][c] + g[r][c];
  let x = Matrix.add(new Matrix(g), Matrix.mul(new Matrix(buffer), 0.9));
  x.div(x.norm("frobenius"));
  if (Math.min(rows, columns) > 1) {
    if (rows > columns) x = x.transpose();
    for (let i = 0; i < 5; i++) {
      const square = x.mmul(x.transpose());
      const inner = Matrix.add(Matrix.mul(square, -4.775), Matrix.mul(square.mmul(square), 2.0315));
      x = Matrix.add(Matrix.mul(x, 3.4445), inner.mmul(x));
    }
    if (rows > columns) x = x.transpose();
  }
  const factor = 0.2 * Math.sqrt(Math.max(rows, columns));
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) w[r][c] -= rate * (factor * x.get(r, c) + decay * w[r][c]);
}

describe("muon equals its definition in double precision", () => {
  // A convolution's filters are the rows of a matrix; a vector is a matrix of one column.
  for (const shape of [[6, 2, 3, 3], [12, 5], [5, 12], [7], []]) {
    test(`a weight [${shape}]`, async () => {
      const [rows = 1, ...rest] = shape;
      const columns = rest.reduce((a, b) => a * b, 1);
      const options: OptimizerOptions = { optimizer: "muon", momentum: 0.9, weightDecay: 0.05, clipValue: 4 };
      const graph = new Graph("muon");
      const input = (name: string, of: readonly number[] = shape) => graph.input(name, "float32", of);
      const inputs = { learningRate: input("learning_rate", []), step: input("step", []) };
      const next = update({ weight: input("w"), moments: [input("momentum")] }, input("g"), inputs, options);
      graph.output("w.next", next.weight);
      graph.output("momentum.next", next.moments[0]);
      const session = await InferenceSession.create(serialize(graph), { logSeverityLevel: 3 });
      const random = randomStream("muon", rows);
      const draw = () =>
        Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
      const tensor = (values: number[][]) => new Tensor("float32", Float32Array.from(values.flat()), shape);
      const [w, buffer] = [draw(), draw().map((row) => row.map(() => 0))];
      let state: Record<string, Tensor> = { w: tensor(w), momentum: tensor(buffer) };
      for (let step = 1; step <= 5; step++) {
        const g = draw();
        const scalars = { learning_rate: 0.01, step };
        const fed = Object.entries(scalars).map(([k, v]) => [
          k,
          new Tensor("float32", Float32Array.of(v), []),
        ]);
        const results = await session.run({ ...state, g: tensor(g), ...Object.fromEntries(fed) });
        state = { w: results["w.next"] as Tensor, momentum: results["momentum.next"] as Tensor };
        muonReference(w, buffer, g, 0.01, 0.05);
      }
      await session.release();
      const actual = state.w.data as Float32Array;
      for (const [i, value] of w.flat().entries())
        assert.ok(Math.abs(actual[i] - value) < 1e-4, `value ${i}: ${actual[i]}, expected ${value}`);
    });
  }
});

test("moments are named for each optimizer", () => {
  assert.deepEqual(momentNames("sgd"), ["momentum"]);
  assert.deepEqual(momentNames("muon"), ["momentum"]);
  assert.deepEqual(momentNames("adam"), ["first_moment", "second_moment"]);
  assert.deepEqual(momentNames("adamw"), ["first_moment", "second_moment"]);
});
