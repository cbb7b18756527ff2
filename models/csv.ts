// Tables as text (RFC 4180).

import { axisNames } from "./axis-names.ts";

/** A table with a head. @param rows in the order of the columns */
export function csv(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(cell).join()}\r\n`).join("");
}

function cell(value: string | number): string {
  return /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
}

export interface Placed {
  readonly path: string;
  readonly embedding: readonly number[];
  readonly novelty: number;
}

/** Placed images, as `tsimcne embed --format csv` and the page tell them. */
export function placementsCsv(placed: readonly Placed[], dim: number): string {
  const rows = placed.map(({ path, embedding, novelty }) => [path, ...embedding, novelty]);
  return csv(["path", ...axisNames(dim), "novelty"], rows);
}
