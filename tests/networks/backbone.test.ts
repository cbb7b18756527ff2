import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Graph, type Shape } from "../../training/graph/index.ts";
import {
  type BackboneName,
  type BackboneOptions,
  backbone,
  backbones,
  featureDim,
} from "../../training/networks/backbone.ts";
import { TrainableModel } from "../../training/networks/model.ts";

const names = Object.keys(backbones) as BackboneName[];

function built(options: BackboneOptions, imageSize = 32) {
  const graph = new Graph("backbone");
  const model = new TrainableModel(graph, "training");
  const { features } = backbone(
    model,
    graph.input("images", "float32", [2, 3, imageSize, imageSize]),
    options,
  );
  const pooled = graph.nodes.find((node) => node.type === "GlobalAveragePool")!.inputs[0]!;
  const sizes = model.parameters.map(({ weight }) => weight.shape.reduce((n, dim) => n * dim, 1));
  return {
    features,
    pooled: pooled.shape,
    parameterCount: sizes.reduce((sum, size) => sum + size, 0),
    shapes: new Map<string, Shape>(model.parameters.map(({ weight }) => [weight.name, weight.shape])),
    statistics: new Map<string, Shape>(model.statistics.map(({ weight }) => [weight.name, weight.shape])),
  };
}

/** Parameters of torchvision's models, and what the classifier for 1,000 classes has of them. */
const published = {
  resnet18: { total: 11_689_512, classifier: 513_000, tensors: 62 },
  resnet34: { total: 21_797_672, classifier: 513_000, tensors: 110 },
  resnet50: { total: 25_557_032, classifier: 2_049_000, tensors: 161 },
} as const;
const IMAGENET_STEM = 64 * 3 * 7 * 7;
const CIFAR_STEM = 64 * 3 * 3 * 3;

describe("parameters are torchvision's", () => {
  for (const name of ["resnet18", "resnet34", "resnet50"] as const) {
    const { total, classifier, tensors } = published[name];
    test(name, () => {
      const imagenet = built({ backbone: name, stem: "imagenet", width: 1 }, 64);
      assert.equal(imagenet.parameterCount, total - classifier);
      assert.equal(imagenet.shapes.size, tensors - 2);
      const cifar = built({ backbone: name, stem: "cifar", width: 1 });
      assert.equal(cifar.parameterCount, total - classifier - IMAGENET_STEM + CIFAR_STEM);
    });
  }

  test("ResNet-18 with the CIFAR stem has 11,168,832", () => {
    assert.equal(built({ backbone: "resnet18", stem: "cifar", width: 1 }).parameterCount, 11_168_832);
  });

  test("under torchvision's names", () => {
    const { shapes, statistics } = built({ backbone: "resnet18", stem: "imagenet", width: 1 }, 64);
    assert.deepEqual(shapes.get("backbone.conv1.weight"), [64, 3, 7, 7]);
    assert.deepEqual(shapes.get("backbone.bn1.bias"), [64]);
    assert.deepEqual(shapes.get("backbone.layer2.0.conv1.weight"), [128, 64, 3, 3]);
    assert.deepEqual(shapes.get("backbone.layer2.0.downsample.0.weight"), [128, 64, 1, 1]);
    assert.deepEqual(shapes.get("backbone.layer2.0.downsample.1.weight"), [128]);
    assert.deepEqual(statistics.get("backbone.layer4.1.bn2.running_var"), [512]);
    const deep = built({ backbone: "resnet50", stem: "cifar", width: 1 }).shapes;
    assert.deepEqual(deep.get("backbone.layer1.0.downsample.0.weight"), [256, 64, 1, 1]);
    assert.deepEqual(deep.get("backbone.layer4.2.conv3.weight"), [2048, 512, 1, 1]);
  });
});

describe("shapes", () => {
  const featureCounts = { small: 128, resnet18: 512, resnet34: 512, resnet50: 2048 };
  const reductions = { small: 8, resnet18: 8, resnet34: 8, resnet50: 8 };
  for (const name of names) {
    test(`${name} gives ${featureCounts[name]} features from any image size`, () => {
      for (const imageSize of [8, 28, 32, 33, 64]) {
        const options = { backbone: name, stem: "cifar", width: 1 } as const;
        const { features, pooled } = built(options, imageSize);
        assert.deepEqual(features.shape, [2, featureCounts[name]]);
        assert.equal(featureDim(options), featureCounts[name]);
        const side = Math.ceil(imageSize / reductions[name]);
        assert.deepEqual(pooled, [2, featureCounts[name], side, side], `at ${imageSize} pixels`);
      }
    });
  }

  test("the ImageNet stem reduces 32-fold", () => {
    const { pooled } = built({ backbone: "resnet18", stem: "imagenet", width: 1 }, 224);
    assert.deepEqual(pooled, [2, 512, 7, 7]);
  });

  test("the width multiplier scales every layer to a multiple of 8, at least 8", () => {
    for (const [width, features, stem] of [
      [0.25, 128, 16],
      [0.5, 256, 32],
      [0.3, 152, 16 + 3],
      [2, 1024, 128],
      [0.01, 8, 8],
    ]) {
      const options = { backbone: "resnet18", stem: "cifar", width } as const;
      const { features: output, shapes } = built(options);
      assert.equal(output.shape[1], featureDim(options));
      assert.ok(Math.abs(featureDim(options) - features) <= 4, `${featureDim(options)} features at ${width}`);
      const channels = shapes.get("backbone.conv1.weight")![0] as number;
      assert.ok(Math.abs(channels - stem) <= 4, `${channels} stem channels at ${width}`);
      for (const [name, shape] of shapes) assert.equal((shape[0] as number) % 8, 0, name);
    }
    const deep = { backbone: "resnet50", stem: "cifar", width: 0.25 } as const;
    assert.equal(featureDim(deep), 512);
    assert.deepEqual(built(deep).features.shape, [2, 512]);
  });
});
