import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, posix, resolve } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { reasonOf, UserError } from "../../models/errors.ts";
import { extensionOf } from "../../models/image-names.ts";
import { mapInOrder } from "../../models/in-order.ts";
import type { Contents, ImageEntry } from "./entries.ts";
import { FILES_AT_ONCE, fileEntry } from "./files.ts";
import type { Skipped } from "./skipped.ts";

const MANIFEST_EXTENSIONS: readonly string[] = [".csv", ".jsonl", ".ndjson"];

/** One image as a manifest lists it; other fields are ignored, and an empty label is none. */
const rowSchema = z.object({
  path: z.string().min(1),
  label: z
    .union([z.string(), z.number(), z.boolean(), z.null()])
    .optional()
    .transform((label) =>
      label === null || label === undefined || label === "" ? undefined : String(label),
    ),
});

type Row = z.output<typeof rowSchema>;

/** Whether the name is that of a manifest. */
export function isManifest(location: string): boolean {
  return MANIFEST_EXTENSIONS.includes(extensionOf(location));
}

/**
 * The images that a manifest lists: a .csv whose header names a column `path` and, where there are labels, `label`; or
 * a .jsonl (.ndjson) with one object a line. Relative paths start at the manifest's folder. Files that are not there
 * are skipped.
 * @throws UserError that names the line, where the manifest cannot be understood
 */
export async function openManifest(location: string): Promise<Contents> {
  const text = await readFile(location, "utf8");
  const rows = extensionOf(location) === ".csv" ? csvRows(text, location) : jsonRows(text, location);
  const folder = dirname(location);
  const look = async ({ path, label }: Row): Promise<ImageEntry | Skipped> => {
    const name = isAbsolute(path) ? path : posix.normalize(path);
    return fileEntry(resolve(folder, path), name, label).catch((error) => ({
      path: name,
      reason: reasonOf(error),
    }));
  };
  const entries: ImageEntry[] = [];
  const skipped: Skipped[] = [];
  for await (const result of mapInOrder(rows, FILES_AT_ONCE, look)) {
    if ("reason" in result) skipped.push(result);
    else entries.push(result);
  }
  return { entries, skipped, otherFiles: 0, close: async () => {} };
}

function csvRows(text: string, location: string): Row[] {
  const columns = (header: string[]) => {
    const names = header.map((name) => name.trim().toLowerCase());
    if (!names.includes("path")) throw new UserError(`${location} line 1: the header names no column "path"`);
    return names;
  };
  try {
    const records = parse(text, { bom: true, columns, info: true, skip_empty_lines: true }) as unknown as {
      record: unknown;
      info: { lines: number };
    }[];
    return records.map(({ record, info }) => checkedRow(record, location, info.lines));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UserError(`${location} line ${error.lines}: ${reasonOf(error)}`);
  }
}

function jsonRows(text: string, location: string): Row[] {
  return text
    .replace(/^\ufeff/, "")
    .split("\n")
    .flatMap((line, i) => (line.trim() === "" ? [] : [checkedRow(parseJson(line), location, i + 1)]));
}

/** undefined, which is no row, for what is no JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function checkedRow(value: unknown, location: string, line: number): Row {
  const row = rowSchema.safeParse(value);
  if (row.success) return row.data;
  const { path, message } = row.error.issues[0];
  const what = path.length === 0 ? 'not an object with a "path"' : `"${path.join(".")}": ${message}`;
  throw new UserError(`${location} line ${line}: ${what}`);
}
