// Keeps the machine awake while there is work: one that sleeps learns nothing.

import { computed, effect } from "@preact/signals";
import { type Phase, phase } from "./state.ts";

const WORKING: readonly Phase["kind"][] = ["reading", "training", "pausing", "making"];

export function stayAwake(): void {
  const working = computed(() => WORKING.includes(phase.value.kind));
  let lock: Promise<WakeLockSentinel | undefined> | undefined;
  const update = () => {
    if (working.value && document.visibilityState === "visible") {
      // Not every browser can; some will not when the battery is low.
      lock ??= navigator.wakeLock?.request("screen").catch(() => undefined);
    } else {
      void lock?.then((held) => held?.release());
      lock = undefined;
    }
  };
  effect(update);
  // The browser takes it back when the page is out of sight.
  document.addEventListener("visibilitychange", update);
}
