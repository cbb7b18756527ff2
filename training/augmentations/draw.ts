// The random part of a view: which crop, which flips, which colours. No pixels here.

import { permutation, type Random } from "../random.ts";
import type { AugmentationPolicy } from "./policy.ts";

/** A box in whole pixels. */
export interface CropBox {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A factor (1 changes nothing) or, for hue, a shift in turns of the colour circle (0 changes nothing). */
export interface ColorAdjustment {
  readonly kind: "brightness" | "contrast" | "saturation" | "hue";
  readonly amount: number;
}

/** Everything that is random about one view, in the order in which it is applied. */
export interface ViewDraw {
  /** Counter-clockwise, about the centre of the picture, in radians. */
  readonly rotation: number;
  readonly crop: CropBox;
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly colors: readonly ColorAdjustment[];
  readonly grayscale: boolean;
}

const CROP_ATTEMPTS = 10;

/**
 * A box of random area and aspect in a square picture; the largest central one where ten attempts stick out.
 * @see torchvision.transforms.RandomResizedCrop.get_params
 */
function drawCrop(random: Random, size: number, { cropScale, cropRatio }: AugmentationPolicy): CropBox {
  const [low, high] = cropRatio;
  for (let attempt = 0; attempt < CROP_ATTEMPTS; attempt++) {
    const area = size * size * random.between(...cropScale);
    const ratio = Math.exp(random.between(Math.log(low), Math.log(high)));
    const width = Math.round(Math.sqrt(area * ratio));
    const height = Math.round(Math.sqrt(area / ratio));
    if (width > 0 && width <= size && height > 0 && height <= size) {
      return {
        top: random.integer(size - height + 1),
        left: random.integer(size - width + 1),
        height,
        width,
      };
    }
  }
  const width = high < 1 ? Math.round(size * high) : size;
  const height = low > 1 ? Math.round(size / low) : size;
  return { top: (size - height) >> 1, left: (size - width) >> 1, height, width };
}

/** @see torchvision.transforms.ColorJitter */
function drawColors(random: Random, { colorJitter }: AugmentationPolicy): ColorAdjustment[] {
  if (random.uniform() >= colorJitter.probability) return [];
  const factor = (strength: number) => random.between(Math.max(0, 1 - strength), 1 + strength);
  const colors: ColorAdjustment[] = [
    { kind: "brightness", amount: factor(colorJitter.brightness) },
    { kind: "contrast", amount: factor(colorJitter.contrast) },
    { kind: "saturation", amount: factor(colorJitter.saturation) },
    { kind: "hue", amount: random.between(-colorJitter.hue, colorJitter.hue) },
  ];
  return Array.from(permutation(colors.length, random), (i) => colors[i]);
}

/**
 * The parameters of one random view.
 * @param size side of the square picture, in pixels
 */
export function drawView(random: Random, size: number, policy: AugmentationPolicy): ViewDraw {
  const largest = (policy.rotation * Math.PI) / 180;
  return {
    rotation: random.between(-largest, largest),
    crop: drawCrop(random, size, policy),
    horizontalFlip: random.uniform() < policy.horizontalFlip,
    verticalFlip: random.uniform() < policy.verticalFlip,
    colors: drawColors(random, policy),
    grayscale: random.uniform() < policy.grayscale,
  };
}
