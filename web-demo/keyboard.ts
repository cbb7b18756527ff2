// Keys that work anywhere on the page, but not while something is typed.

import { goHome, panBy, zoomBy } from "./navigate.ts";
import { SEARCH_ID } from "./search-box.tsx";
import { helpShown, select, sheet, tool } from "./state.ts";

/** Pixels of a step. */
const STEP = 80;

const moves: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => panBy(STEP, 0),
  ArrowRight: () => panBy(-STEP, 0),
  ArrowUp: () => panBy(0, STEP),
  ArrowDown: () => panBy(0, -STEP),
  "+": () => zoomBy(1.4),
  "=": () => zoomBy(1.4),
  "-": () => zoomBy(1 / 1.4),
  "0": goHome,
  "/": () => document.getElementById(SEARCH_ID)?.focus(),
  "?": () => {
    helpShown.value = true;
  },
};

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if (helpShown.value || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (event.key === "Escape") {
      target.blur();
      select(undefined);
      tool.value = "move";
      sheet.value = undefined;
      return;
    }
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || !Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    moves[event.key]();
  });
}
