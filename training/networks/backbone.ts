// Residual networks (He et al. 2016): image → features. Weight names are those of torchvision.

import { add, maxPool, relu, type Tensor } from "../graph/index.ts";
import { layouts } from "./layout.ts";
import type { Model } from "./model.ts";

interface Architecture {
  readonly block: "basic" | "bottleneck";
  /** Blocks in each group; every group after the first halves the resolution. */
  readonly depths: readonly number[];
  /** Channels in each group, before the width multiplier. */
  readonly widths: readonly number[];
  /** Stride of the 3 × 3 stem used for small images. */
  readonly stemStride: 1 | 2;
}

/** The backbones by name. */
export const backbones = {
  /** For a laptop CPU: three groups of one block behind a stem that halves the resolution. */
  small: { block: "basic", depths: [1, 1, 1], widths: [32, 64, 128], stemStride: 2 },
  resnet18: { block: "basic", depths: [2, 2, 2, 2], widths: [64, 128, 256, 512], stemStride: 1 },
  resnet34: { block: "basic", depths: [3, 4, 6, 3], widths: [64, 128, 256, 512], stemStride: 1 },
  resnet50: { block: "bottleneck", depths: [3, 4, 6, 3], widths: [64, 128, 256, 512], stemStride: 1 },
} as const satisfies Record<string, Architecture>;

export type BackboneName = keyof typeof backbones;

/** The stem for small images (3 × 3), or for large ones (7 × 7 with stride 2, then a max-pool with stride 2). */
export type Stem = "cifar" | "imagenet";

/** From this image size on, the stem for large images is the default. */
const LARGE_IMAGE = 64;

/** The stem for images of a side, in pixels, where none is asked for. */
export function defaultStem(imageSize: number): Stem {
  return imageSize >= LARGE_IMAGE ? "imagenet" : "cifar";
}

export interface BackboneOptions {
  readonly backbone: BackboneName;
  readonly stem: Stem;
  /** Multiplies all channel counts, rounded to a multiple of 8, at least 8. */
  readonly width: number;
}

const BOTTLENECK_EXPANSION = 4;

function scaledWidths({ backbone, width }: BackboneOptions): number[] {
  return backbones[backbone].widths.map((channels) => Math.max(8, Math.round((channels * width) / 8) * 8));
}

/** Number of features the backbone gives. */
export function featureDim(options: BackboneOptions): number {
  const last = scaledWidths(options).at(-1)!;
  return backbones[options.backbone].block === "bottleneck" ? last * BOTTLENECK_EXPANSION : last;
}

/** Images [N, 3, S, S] in [0, 1] → features [N, featureDim], and what the stem makes of them, in the model's layout or [N, C, ·, ·]. */
export function backbone(
  model: Model,
  images: Tensor,
  options: BackboneOptions,
): { features: Tensor; stemOutput: Tensor } {
  const architecture = backbones[options.backbone];
  const widths = scaledWidths(options);
  const { stemOutput, maps } = stem(model, images, widths[0], options.stem, architecture.stemStride);
  let x = maps;
  architecture.depths.forEach((depth, group) => {
    for (let block = 0; block < depth; block++) {
      const stride = group > 0 && block === 0 ? 2 : 1;
      const name = `backbone.layer${group + 1}.${block}`;
      x = blocks[architecture.block](model, x, name, widths[group], stride);
    }
  });
  return { features: model.layout.average(x), stemOutput };
}

/** What the stem makes of the images, and the same in the layout of the blocks. */
function stem(model: Model, images: Tensor, channels: number, kind: Stem, smallStride: number) {
  const names = { conv: "backbone.conv1", norm: "backbone.bn1" };
  if (kind === "imagenet") {
    // Max-pooling knows one layout only.
    const shape = { channels, kernel: 7, stride: 2, padding: 3, layout: layouts["channels-first"] };
    const stemOutput = maxPool(relu(model.convNorm(images, names, shape)), 3, 2, 1);
    return { stemOutput, maps: model.layout.enter(stemOutput) };
  }
  const shape = { channels, kernel: 3, stride: smallStride, padding: 1 };
  const maps = relu(model.convNorm(model.layout.enter(images), names, shape));
  return { stemOutput: maps, maps };
}

type Block = (model: Model, x: Tensor, name: string, channels: number, stride: number) => Tensor;

const blocks: Record<Architecture["block"], Block> = {
  basic(model, x, name, channels, stride) {
    const first = { conv: `${name}.conv1`, norm: `${name}.bn1` };
    const second = { conv: `${name}.conv2`, norm: `${name}.bn2` };
    let y = relu(model.convNorm(x, first, { channels, kernel: 3, stride, padding: 1 }));
    y = model.convNorm(y, second, { channels, kernel: 3, padding: 1 });
    return relu(add(y, shortcut(model, x, name, channels, stride)));
  },
  bottleneck(model, x, name, channels, stride) {
    const wide = channels * BOTTLENECK_EXPANSION;
    const names = [1, 2, 3].map((i) => ({ conv: `${name}.conv${i}`, norm: `${name}.bn${i}` }));
    let y = relu(model.convNorm(x, names[0], { channels, kernel: 1 }));
    y = relu(model.convNorm(y, names[1], { channels, kernel: 3, stride, padding: 1 }));
    y = model.convNorm(y, names[2], { channels: wide, kernel: 1 });
    return relu(add(y, shortcut(model, x, name, wide, stride)));
  },
};

/** x itself, or a 1 × 1 convolution of it where the shape changes. */
function shortcut(model: Model, x: Tensor, name: string, channels: number, stride: number): Tensor {
  if (stride === 1 && model.layout.channels(x) === channels) return x;
  const names = { conv: `${name}.downsample.0`, norm: `${name}.downsample.1` };
  return model.convNorm(x, names, { channels, kernel: 1, stride });
}
