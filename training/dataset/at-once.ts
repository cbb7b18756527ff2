// Files whose bytes the operating system has in memory are read in ten microseconds; to have another thread do it takes
// a hundred. Where a disk or a network is to be waited for, several threads should wait side by side.

/** Milliseconds that cost more than to hand a call over. */
const SLOW = 0.2;
/** How much of the past is kept at each call. */
const MEMORY = 7 / 8;

let recent = 0;

/**
 * A result from the calling thread while its calls have been quick of late, from another thread otherwise. After some
 * twenty of those it is tried here again.
 */
export async function atOnceIfQuick<Result>(
  here: () => Result,
  elsewhere: () => Promise<Result>,
): Promise<Result> {
  if (recent > SLOW) {
    recent *= MEMORY;
    return await elsewhere();
  }
  const began = performance.now();
  try {
    return here();
  } finally {
    recent = MEMORY * recent + (1 - MEMORY) * (performance.now() - began);
  }
}
