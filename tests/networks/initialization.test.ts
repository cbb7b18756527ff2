import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildTinyStage, tinyNetwork } from "../support/stage.ts";

const stage = buildTinyStage({
  network: { ...tinyNetwork, backbone: "resnet18", width: 0.5, hiddenDim: 256, outDim: 64 },
});
const values = initialValues(stage, 1);

function moments(x: Float32Array): { mean: number; deviation: number } {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  return { mean, deviation: Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length) };
}

describe("distributions are PyTorch's", () => {
  test("convolutions: N(0, 2 / (out · kh · kw))", () => {
    for (const { name, shape } of stage.weights.filter((w) => w.shape.length === 4)) {
      const [out, , kh, kw] = shape;
      const { mean, deviation } = moments(values[name]);
      const expected = Math.sqrt(2 / (out * kh * kw));
      const tolerance = 4 / Math.sqrt(values[name].length);
      assert.ok(Math.abs(mean / expected) < tolerance, `${name}: mean ${mean}`);
      assert.ok(
        Math.abs(deviation / expected - 1) < tolerance,
        `${name}: ${deviation}, expected ${expected}`,
      );
      const beyond = values[name].filter((v) => Math.abs(v) > 2 * expected).length / values[name].length;
      assert.ok(Math.abs(beyond - 0.0455) < 0.3 * tolerance + 0.01, `${name}: ${beyond} lie beyond 2 σ`);
    }
  });

  test("linear layers: uniform in ±1/√fan_in, weight and bias", () => {
    for (const [name, fanIn] of [
      ["head.0", 256],
      ["head.2", 256],
    ] as const) {
      for (const part of ["weight", "bias"]) {
        const x = values[`${name}.${part}`];
        const limit = 1 / Math.sqrt(fanIn);
        const tolerance = 4 / Math.sqrt(x.length);
        const { mean, deviation } = moments(x);
        assert.ok(
          x.every((v) => Math.abs(v) <= limit),
          `${name}.${part} lies within ±${limit}`,
        );
        assert.ok(Math.abs(mean / limit) < tolerance, `${name}.${part}: mean ${mean}`);
        assert.ok(
          Math.abs((deviation * Math.sqrt(3)) / limit - 1) < tolerance,
          `${name}.${part}: ${deviation}`,
        );
      }
    }
  });

  test("BatchNorm: weight 1, bias 0, running mean 0 and variance 1", () => {
    const start: Record<string, number> = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
    const norms = Object.keys(values).filter((name) =>
      /(bn\d|downsample\.1)\.(weight|bias|running_\w+)$/.test(name),
    );
    assert.equal(norms.length, 4 * 20);
    for (const name of norms) {
      const expected = start[name.split(".").at(-1)!];
      assert.ok(
        values[name].every((v) => v === expected),
        name,
      );
    }
  });
});

describe("seeds", () => {
  test("the same seed draws the same weights, another seed others", () => {
    assert.deepEqual(initialValues(stage, 1), values);
    assert.notDeepEqual(initialValues(stage, 2)["head.0.weight"], values["head.0.weight"]);
  });

  test("each layer has numbers of its own", () => {
    const drawn = stage.weights
      .filter((w) => w.shape.length > 1)
      .map((w) =>
        values[w.name]
          .slice(0, 4)
          .map((v) => v / values[w.name][4])
          .join(),
      );
    assert.equal(new Set(drawn).size, drawn.length);
  });

  test("a change of one layer leaves the others as they were", () => {
    const changed = initialValues(
      buildTinyStage({
        network: { ...tinyNetwork, backbone: "resnet18", width: 0.5, hiddenDim: 100, outDim: 2 },
      }),
      1,
    );
    for (const { name } of stage.weights.filter((w) => w.name.startsWith("backbone."))) {
      assert.deepEqual(changed[name], values[name], name);
    }
  });
});

test("a stage takes over what the one before it knew, with moments of zero", () => {
  const trained = Object.fromEntries(Object.entries(values).map(([name, v]) => [name, v.map(() => 7)]));
  delete trained["head.2.weight"];
  const next = initialValues(stage, 1, trained);
  assert.deepEqual(next["head.2.weight"], values["head.2.weight"], "what is missing is drawn afresh");
  for (const { name } of [...stage.weights, ...stage.statistics]) {
    if (name !== "head.2.weight")
      assert.ok(
        next[name].every((v) => v === 7),
        name,
      );
  }
  for (const name of stage.trained) {
    const moment = next[`${name}.momentum`];
    assert.equal(moment.length, next[name].length, name);
    assert.ok(
      moment.every((v) => v === 0),
      `${name}.momentum`,
    );
  }
});
