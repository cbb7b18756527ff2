import { UserError } from "../../models/errors.ts";
import { permutation, type Random } from "../random.ts";

/** The contrastive loss pushes an image away from the others of its batch, so there must be another. */
const SMALLEST_BATCH = 2;

/**
 * The batch size to use for `count` images where `wanted` was asked for: `wanted` itself where an epoch has four or
 * more such batches. With fewer images, the incomplete batch that an epoch leaves out would be a large part of them;
 * then the size, never above `wanted`, that cuts them evenly.
 * @throws UserError where there are fewer than 2 images, or fewer than 2 are wanted
 */
export function fitBatchSize(count: number, wanted: number): number {
  if (count < SMALLEST_BATCH) throw new UserError(`at least 2 images are needed, and there ${isAre(count)}`);
  if (!(wanted >= SMALLEST_BATCH)) throw new UserError(`a batch needs at least 2 images, not ${wanted}`);
  if (count >= 4 * wanted) return wanted;
  return Math.max(SMALLEST_BATCH, Math.floor(count / Math.ceil(count / wanted)));
}

/** The largest batch size up to `batchSize` that holds a whole number of micro-batches; itself where it is no larger. */
export function wholeMicroBatches(batchSize: number, microBatch: number): number {
  return batchSize <= microBatch ? batchSize : batchSize - (batchSize % microBatch);
}

function isAre(count: number): string {
  return count === 1 ? "is 1" : `are ${count}`;
}

/**
 * One epoch: the numbers 0 … count − 1 in random order, cut into batches of `batchSize`. What is left over is dropped,
 * unless it is all there is.
 */
export function epochBatches(count: number, batchSize: number, random: Random): Uint32Array[] {
  const order = permutation(count, random);
  if (count < batchSize) return [order];
  const batches = Math.floor(count / batchSize);
  return Array.from({ length: batches }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
}
