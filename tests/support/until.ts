import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Asks again and again, for 20 s at most. @throws AssertionError that names `what` if it never holds */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return;
    await sleep(50);
  }
  assert.fail(`waited in vain until ${what}`);
}
