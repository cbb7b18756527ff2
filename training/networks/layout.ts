// How feature maps lie in memory while a network is trained.

import {
  batchNormTraining,
  type ConvOptions,
  conv,
  convInnermost,
  globalAveragePool,
  picturesInnermost,
  reduceMean,
  reshape,
  staticShape,
  type Tensor,
  transpose,
} from "../graph/index.ts";

export interface Layout {
  /** Images or maps [N, C, H, W] → maps in this layout. */
  enter(maps: Tensor): Tensor;
  channels(maps: Tensor): number;
  conv(maps: Tensor, w: Tensor, options: ConvOptions): Tensor;
  /** See batchNormTraining. */
  batchNorm(maps: Tensor, gamma: Tensor, beta: Tensor): { y: Tensor; mean: Tensor; variance: Tensor };
  /** The mean over the positions: [N, C]. */
  average(maps: Tensor): Tensor;
}

export const layouts = {
  /** [N, C, H, W], as everywhere: convolutions are ONNX Runtime's own. */
  "channels-first": {
    enter: (maps) => maps,
    channels: (maps) => maps.shape[1] as number,
    conv: (maps, w, options) => conv(maps, w, undefined, options),
    batchNorm: batchNormTraining,
    average: globalAveragePool,
  },
  /** [H, W, C, N]: convolutions are matrix products, which a processor computes in half the time. */
  "pictures-innermost": {
    enter: picturesInnermost,
    channels: (maps) => maps.shape[2] as number,
    conv: convInnermost,
    batchNorm(maps, gamma, beta) {
      const [h, w, c, n] = staticShape(maps.shape);
      // To BatchNorm it is all one what is counted as a picture and what as a position.
      const { y, mean, variance } = batchNormTraining(reshape(maps, [h * w, c, n, 1]), gamma, beta);
      return { y: reshape(y, maps.shape), mean, variance };
    },
    average(maps) {
      const [h, w, c, n] = staticShape(maps.shape);
      return transpose(reshape(reduceMean(reshape(maps, [h * w, c * n]), [0]), [c, n]), [1, 0]);
    },
  },
} as const satisfies Record<string, Layout>;

export type LayoutName = keyof typeof layouts;
