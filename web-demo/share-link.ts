// What is on the screen as the part of the address after "#", so that a link brings it back.

import type { Polygon } from "./lasso.ts";

/** How images were selected; which ones follows from it. */
export type Selection =
  | { readonly kind: "area"; readonly polygon: Polygon }
  | { readonly kind: "search"; readonly text: string }
  /** An image and those nearest to it on the map. */
  | { readonly kind: "near"; readonly index: number }
  /** The images least like the others. */
  | { readonly kind: "outliers" }
  /** The images that show the same as another. */
  | { readonly kind: "duplicates" };

export interface SharedState {
  /** Middle of the window in map coordinates, and how much of the map its shorter side shows. */
  readonly view?: { readonly x: number; readonly y: number; readonly span: number };
  /** Places of the classes that are not shown. */
  readonly hidden: ReadonlySet<number>;
  readonly selection?: Selection;
}

/** @param classes names of the classes */
export function encodeLink({ view, hidden, selection }: SharedState, classes: readonly string[]): string {
  const parts = new URLSearchParams();
  if (view) parts.set("view", [view.x, view.y, view.span].map(short).join());
  const shown = classes.filter((_, i) => !hidden.has(i));
  // Whichever list is shorter. No class at all is told by an empty name.
  if (hidden.size > 0 && shown.length < hidden.size) {
    for (const name of shown.length > 0 ? shown : [""]) parts.append("only", name);
  } else {
    for (const i of hidden) parts.append("hide", classes[i]);
  }
  if (selection?.kind === "area") parts.set("area", selection.polygon.map(short).join());
  if (selection?.kind === "search") parts.set("search", selection.text);
  if (selection?.kind === "near") parts.set("near", String(selection.index));
  if (selection?.kind === "outliers" || selection?.kind === "duplicates") parts.set("find", selection.kind);
  // Commas are fine in a fragment, and easier to read.
  return parts.toString().replaceAll("%2C", ",");
}

/** What a link says; parts that make no sense are left out. */
export function decodeLink(hash: string, classes: readonly string[]): SharedState {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const view = numbers(parts.get("view"));
  return {
    ...(view?.length === 3 && view[2] > 0 && { view: { x: view[0], y: view[1], span: view[2] } }),
    hidden: hiddenOf(parts, classes),
    selection: selectionOf(parts),
  };
}

function hiddenOf(parts: URLSearchParams, classes: readonly string[]): ReadonlySet<number> {
  const places = classes.map((_, i) => i);
  const only = new Set(parts.getAll("only"));
  if (only.size > 0) return new Set(places.filter((i) => !only.has(classes[i])));
  const hide = new Set(parts.getAll("hide"));
  return new Set(places.filter((i) => hide.has(classes[i])));
}

function selectionOf(parts: URLSearchParams): Selection | undefined {
  const polygon = numbers(parts.get("area"));
  if (polygon && polygon.length >= 6 && polygon.length % 2 === 0) return { kind: "area", polygon };
  const text = parts.get("search");
  if (text) return { kind: "search", text };
  const kind = parts.get("find");
  if (kind === "outliers" || kind === "duplicates") return { kind };
  const index = numbers(parts.get("near"));
  if (index?.length === 1 && Number.isInteger(index[0]) && index[0] >= 0) {
    return { kind: "near", index: index[0] };
  }
  return undefined;
}

function numbers(text: string | null): number[] | undefined {
  if (!text) return undefined;
  const values = text.split(",").map((part) => (part === "" ? Number.NaN : Number(part)));
  return values.every(Number.isFinite) ? values : undefined;
}

/** Six digits tell places on a map apart that no screen can. */
export function short(value: number): number {
  return Number(value.toPrecision(6));
}
