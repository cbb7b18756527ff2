// What each optimizer is usually given.

import type { OptimizerName } from "./optimizer.ts";

/** A learning rate, as a multiple of AdamW's, and a weight decay. Those that were compared are in docs/research.md. */
export const usual: Readonly<Record<OptimizerName, { rate: number; weightDecay: number }>> = {
  sgd: { rate: 60, weightDecay: 5e-4 },
  adam: { rate: 1, weightDecay: 0 },
  adamw: { rate: 1, weightDecay: 0.01 },
  // All of its steps are of one size: weights that may grow would be turned less and less by them.
  muon: { rate: 20, weightDecay: 0.1 },
};
