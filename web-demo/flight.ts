// Moving the view in a short flight, or at once for those who want no motion.

import { view } from "./state.ts";
import { between, type View } from "./view.ts";

const DURATION = 450;

let flight = 0;

/** Ends a flight under way: the user has taken over. */
export function land(): void {
  flight++;
}

export function flyTo(target: View): void {
  land();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    view.value = target;
    return;
  }
  const number = flight;
  const from = view.value;
  const start = performance.now();
  const step = (now: number) => {
    if (number !== flight) return;
    const share = Math.min(1, (now - start) / DURATION);
    view.value = share === 1 ? target : between(from, target, share * share * (3 - 2 * share));
    if (share < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
