// What may happen to a picture on its way to a view, as data.

/** A closed range, low end first. */
export type Range = readonly [low: number, high: number];

/** Strengths and probabilities of the random changes that make a view. Probabilities are in 0 … 1. */
export interface AugmentationPolicy {
  /** Largest rotation either way, in degrees; 180 is any angle, 0 is none. */
  readonly rotation: number;
  /** Area of the crop, as a share of the picture's. */
  readonly cropScale: Range;
  /** Width : height of the crop. */
  readonly cropRatio: Range;
  readonly horizontalFlip: number;
  readonly verticalFlip: number;
  /**
   * Brightness, contrast and saturation are scaled by 1 ± their strength; the hue moves by ± its strength, in
   * turns of the colour circle (0.5 is half way round). The four come in random order.
   */
  readonly colorJitter: {
    readonly probability: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    readonly hue: number;
  };
  readonly grayscale: number;
}

const natural: AugmentationPolicy = {
  rotation: 0,
  cropScale: [0.2, 1],
  cropRatio: [3 / 4, 4 / 3],
  horizontalFlip: 0.5,
  verticalFlip: 0,
  colorJitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  grayscale: 0.2,
};

/**
 * The policies by name: "natural" as t-SimCNE uses it, and "oriented-free" for pictures without an "up", such as
 * microscopy and dermatology.
 * @see Böhm, Berens, Kobak, "Unsupervised visualization of image datasets using contrastive learning", ICLR 2023
 * @see Nwabufo et al., "Self-supervised visualisation of medical image datasets", 2024
 */
export const augmentationPolicies = {
  natural,
  "oriented-free": { ...natural, rotation: 180, verticalFlip: 0.5 },
} as const satisfies Record<string, AugmentationPolicy>;

export type AugmentationPolicyName = keyof typeof augmentationPolicies;
