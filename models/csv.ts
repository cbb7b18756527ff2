// Placed images as a table, in the columns of `tsimcne embed --format csv`.

export interface CsvRow {
  readonly path: string;
  readonly embedding: readonly number[];
  readonly novelty: number;
}

export function placementsCsv(rows: readonly CsvRow[], dim: number): string {
  const head = ["path", ...["x", "y", "z"].slice(0, dim), "novelty"];
  const lines = rows.map(({ path, embedding, novelty }) => [quoted(path), ...embedding, novelty].join());
  return `${[head.join(), ...lines].join("\r\n")}\r\n`;
}

/** Quotes where RFC 4180 asks for them. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
