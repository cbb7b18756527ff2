// The whole network in double precision, as plainly as the papers state it: training mode, so BatchNorm
// normalises by the batch.

import type { Stem } from "../../training/networks/backbone.ts";
import type { Point } from "./info-nce.ts";

/** Values [N, C, H, W]. */
interface Maps {
  readonly data: Float64Array;
  readonly shape: readonly [number, number, number, number];
}

/** A weight with its shape. */
export type Weight = { readonly data: ArrayLike<number>; readonly shape: readonly number[] };

export interface ReferenceNetwork {
  readonly stem: Stem;
  readonly stemStride: number;
  readonly block: "basic" | "bottleneck";
  readonly depths: readonly number[];
  readonly weightOf: (name: string) => Weight;
}

function conv({ data, shape: [n, cin, h, w] }: Maps, weight: Weight, stride: number, padding: number): Maps {
  const [cout, , kh, kw] = weight.shape;
  const [ho, wo] = [h, w].map((size) => Math.floor((size + 2 * padding - kh) / stride) + 1);
  const y = new Float64Array(n * cout * ho * wo);
  for (let image = 0; image < n; image++) {
    for (let o = 0; o < cout; o++) {
      for (let c = 0; c < cin; c++) {
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            const value = weight.data[((o * cin + c) * kh + i) * kw + j];
            for (let row = 0; row < ho; row++) {
              const from = row * stride + i - padding;
              if (from < 0 || from >= h) continue;
              const source = ((image * cin + c) * h + from) * w + j - padding;
              const target = ((image * cout + o) * ho + row) * wo;
              const first = Math.max(0, Math.ceil((padding - j) / stride));
              const last = Math.min(wo - 1, Math.floor((w - 1 + padding - j) / stride));
              for (let column = first; column <= last; column++) {
                y[target + column] += value * data[source + column * stride];
              }
            }
          }
        }
      }
    }
  }
  return { data: y, shape: [n, cout, ho, wo] };
}

function batchNorm({ data, shape }: Maps, gamma: Weight, beta: Weight): Maps {
  const [n, channels, h, w] = shape;
  const count = n * h * w;
  const y = new Float64Array(data.length);
  for (let c = 0; c < channels; c++) {
    const places: number[] = [];
    for (let image = 0; image < n; image++) {
      for (let k = 0; k < h * w; k++) places.push((image * channels + c) * h * w + k);
    }
    const mean = places.reduce((sum, p) => sum + data[p], 0) / count;
    const variance = places.reduce((sum, p) => sum + (data[p] - mean) ** 2, 0) / count;
    for (const p of places) {
      y[p] = (gamma.data[c] * (data[p] - mean)) / Math.sqrt(variance + 1e-5) + beta.data[c];
    }
  }
  return { data: y, shape };
}

function maxPool({ data, shape: [n, channels, h, w] }: Maps): Maps {
  const [ho, wo] = [h, w].map((size) => Math.floor((size - 1) / 2) + 1);
  const y = new Float64Array(n * channels * ho * wo).fill(-Infinity);
  for (let map = 0; map < n * channels; map++) {
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        // Windows of 3 every 2, one beyond the border: an odd position is in two of them.
        for (const r of new Set([row >> 1, (row + 1) >> 1])) {
          for (const c of new Set([column >> 1, (column + 1) >> 1])) {
            if (r >= ho || c >= wo) continue;
            const place = (map * ho + r) * wo + c;
            y[place] = Math.max(y[place], data[(map * h + row) * w + column]);
          }
        }
      }
    }
  }
  return { data: y, shape: [n, channels, ho, wo] };
}

const relu = ({ data, shape }: Maps): Maps => ({ data: data.map((v) => Math.max(v, 0)), shape });

const sum = (a: Maps, b: Maps): Maps => ({ data: a.data.map((v, i) => v + b.data[i]), shape: a.shape });

function linear(rows: readonly Point[], weight: Weight, bias: Weight): Point[] {
  const [outputs, inputs] = weight.shape;
  return rows.map((row) =>
    Array.from({ length: outputs }, (_, o) =>
      row.reduce((total, value, i) => total + value * weight.data[o * inputs + i], bias.data[o]),
    ),
  );
}

function pooled({ data, shape: [n, channels, h, w] }: Maps): Point[] {
  return Array.from({ length: n }, (_, image) =>
    Array.from({ length: channels }, (_, c) => {
      const start = (image * channels + c) * h * w;
      return data.subarray(start, start + h * w).reduce((total, v) => total + v, 0) / (h * w);
    }),
  );
}

/** Images [N, 3, S, S] → embedding, a row an image; with an "mlp" head. */
export function embeddingReference(images: Weight, network: ReferenceNetwork): Point[] {
  const { weightOf } = network;
  const convNorm = (x: Maps, names: readonly [string, string], stride: number, padding: number) =>
    batchNorm(
      conv(x, weightOf(`backbone.${names[0]}.weight`), stride, padding),
      weightOf(`backbone.${names[1]}.weight`),
      weightOf(`backbone.${names[1]}.bias`),
    );
  const [n, c, h, w] = images.shape;
  let x: Maps = { data: Float64Array.from(images.data), shape: [n, c, h, w] };
  if (network.stem === "imagenet") x = maxPool(relu(convNorm(x, ["conv1", "bn1"], 2, 3)));
  else x = relu(convNorm(x, ["conv1", "bn1"], network.stemStride, 1));
  network.depths.forEach((depth, group) => {
    for (let block = 0; block < depth; block++) {
      const at = `layer${group + 1}.${block}`;
      const stride = group > 0 && block === 0 ? 2 : 1;
      const layer = (i: number, step: number, padding: number, input: Maps) =>
        convNorm(input, [`${at}.conv${i}`, `${at}.bn${i}`], step, padding);
      const y =
        network.block === "basic"
          ? layer(2, 1, 1, relu(layer(1, stride, 1, x)))
          : layer(3, 1, 0, relu(layer(2, stride, 1, relu(layer(1, 1, 0, x)))));
      const same = stride === 1 && y.shape[1] === x.shape[1];
      x = relu(sum(y, same ? x : convNorm(x, [`${at}.downsample.0`, `${at}.downsample.1`], stride, 0)));
    }
  });
  const hidden = linear(pooled(x), weightOf("head.0.weight"), weightOf("head.0.bias"));
  const active = hidden.map((row) => row.map((v) => Math.max(v, 0)));
  return linear(active, weightOf("head.2.weight"), weightOf("head.2.bias"));
}
