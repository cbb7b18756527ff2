// Seeded random numbers. Every use derives its own stream from the run's seed and a few keys (stage, epoch,
// image index …), so a draw depends on what it is for and never on which draws came before: batches may be
// made in any order or on any thread, and a resumed run continues exactly where it stopped.

import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Integer, uniform in 0 … n − 1. */
  integer(n: number): number;
  /** Standard normal. */
  normal(): number;
}

/** One round of a 32-bit mixing function (the murmur3 finaliser). */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hash(salt: number, keys: readonly (number | string)[]): number {
  let h = mix(salt);
  for (const key of keys) {
    if (typeof key === "number") {
      h = mix(Math.imul(h, 31) ^ mix(key | 0) ^ mix(Math.floor(key / 2 ** 32) + 1));
    } else {
      for (let i = 0; i < key.length; i++) h = mix(Math.imul(h, 31) ^ key.charCodeAt(i));
      h = mix(h ^ 0x9e3779b9);
    }
  }
  return h;
}

/** The stream that belongs to these keys: the same keys give the same numbers, others unrelated ones. */
export function randomStream(...keys: readonly (number | string)[]): Random {
  const generator = xoroshiro128plusFromState([1, 2, 3, 4].map((salt) => hash(salt, keys) | 1));
  const uniform = () => (generator.next() >>> 0) / 2 ** 32;
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer: (n) => Math.floor(uniform() * n),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** The numbers 0 … n − 1 in random order (Fisher–Yates). */
export function permutation(n: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}
