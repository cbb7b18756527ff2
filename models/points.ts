// points.parquet: one row per image, in the order of the data set.

import { parquetMetadataAsync, parquetScan } from "hyparquet";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { axisNames } from "./axis-names.ts";
import { UserError } from "./errors.ts";

/** The images of a map and where they lie. Row i of everything is image i. */
export interface MapPoints {
  /** Number of images. */
  readonly count: number;
  /** Dimensions of the map. */
  readonly dim: 2 | 3;
  /** Where each image came from. */
  readonly paths: readonly string[];
  /** null where an image has no label. */
  readonly labels: readonly (string | null)[];
  /** [count, dim]. */
  readonly coordinates: Float32Array;
  /** Share of the images that lie closer to their neighbours than this one, 0 … 1: [count]. */
  readonly novelty: Float32Array;
  /** The first image that each is a duplicate of, or −1: [count]. Absent where nobody looked for duplicates. */
  readonly duplicateOf?: Int32Array;
}

const DUPLICATE_OF = "duplicate_of";

/**
 * The bytes of points.parquet: index int32, path string, label string or null, x, y (and z) float32, novelty float32,
 * duplicate_of int32 or null.
 * @throws if the columns differ in length
 */
export function encodePoints(points: MapPoints): Uint8Array {
  const { count, dim, paths, labels, coordinates, novelty, duplicateOf } = points;
  const lengths = [paths, labels, novelty, duplicateOf ?? paths].map(({ length }) => length);
  lengths.push(coordinates.length / dim);
  if (lengths.some((length) => length !== count))
    throw new Error(`columns of ${lengths} for ${count} images`);
  const columnData: ColumnSource[] = [
    { name: "index", type: "INT32", nullable: false, data: Int32Array.from({ length: count }, (_, i) => i) },
    { name: "path", type: "STRING", nullable: false, data: [...paths] },
    { name: "label", type: "STRING", nullable: true, data: [...labels] },
    ...axisNames(dim).map((name, axis): ColumnSource => {
      const data = Float32Array.from({ length: count }, (_, i) => coordinates[i * dim + axis]);
      return { name, type: "FLOAT", nullable: false, data };
    }),
    { name: "novelty", type: "FLOAT", nullable: false, data: novelty },
  ];
  if (duplicateOf) {
    const data = Array.from(duplicateOf, (first) => (first < 0 ? null : first));
    columnData.push({ name: DUPLICATE_OF, type: "INT32", nullable: true, data });
  }
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: "tsimcne" }));
}

/** hyparquet's own reading of texts drops a byte order mark, which a file name may begin with. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const stringFromBytes = (bytes: Uint8Array) => decoder.decode(bytes);

/** Reads points.parquet. @throws UserError if the bytes are no Parquet file or lack a column */
export async function decodePoints(bytes: Uint8Array): Promise<MapPoints> {
  const file = new Uint8Array(bytes).buffer; // a copy: slice() of a Buffer would be a view of a pool
  try {
    const metadata = await parquetMetadataAsync(file);
    const names = metadata.schema.slice(1).map((element) => element.name);
    const count = Number(metadata.num_rows);
    const dim = names.includes("z") ? 3 : 2;
    const axes = axisNames(dim);
    const columns = ["path", "label", ...axes, "novelty"];
    const missing = columns.filter((column) => !names.includes(column));
    if (missing.length > 0) throw new Error(`it has no column ${missing.join(", ")}`);
    const withDuplicates = names.includes(DUPLICATE_OF);
    if (withDuplicates) columns.push(DUPLICATE_OF);
    const scan = await parquetScan({ file, metadata, columns, parsers: { stringFromBytes } });
    const read = async (column: string): Promise<unknown[]> => {
      const parts = await Promise.all(scan.ranges.map((range) => scan.readColumn({ column, ...range })));
      return parts.flatMap((part) => Array.from(part as ArrayLike<unknown>));
    };
    const coordinates = new Float32Array(count * dim);
    for (const [axis, name] of axes.entries()) {
      const values = (await read(name)) as number[];
      for (let i = 0; i < count; i++) coordinates[i * dim + axis] = values[i];
    }
    return {
      count,
      dim,
      paths: (await read("path")) as string[],
      labels: ((await read("label")) as (string | null | undefined)[]).map((label) => label ?? null),
      coordinates,
      novelty: Float32Array.from((await read("novelty")) as number[]),
      ...(withDuplicates && {
        duplicateOf: Int32Array.from((await read(DUPLICATE_OF)) as (number | null)[], (first) => first ?? -1),
      }),
    };
  } catch (error) {
    throw new UserError(`cannot read points.parquet: ${error instanceof Error ? error.message : error}`);
  }
}
