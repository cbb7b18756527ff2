// Named arrays in one file, in the safetensors format: 8 bytes of header length (little-endian), a JSON header,
// the raw data. Read and written by the safetensors libraries of every language.
// https://github.com/huggingface/safetensors#format

import { UserError } from "./errors.ts";

/** The array that holds each element type. */
interface Arrays {
  float64: Float64Array;
  float32: Float32Array;
  int32: Int32Array;
  uint8: Uint8Array;
  int8: Int8Array;
}

type ElementType = keyof Arrays;

/** An array with its shape, outermost dimension first; [] is a scalar. */
export type NamedTensor = {
  [T in ElementType]: { readonly dtype: T; readonly shape: readonly number[]; readonly data: Arrays[T] };
}[ElementType];

export type NamedTensors = Readonly<Record<string, NamedTensor>>;

const elementTypes = {
  float64: { code: "F64", array: Float64Array },
  float32: { code: "F32", array: Float32Array },
  int32: { code: "I32", array: Int32Array },
  uint8: { code: "U8", array: Uint8Array },
  int8: { code: "I8", array: Int8Array },
} as const;

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
/** The data starts at a multiple of this, so that every array can be viewed in place. */
const ALIGNMENT = 8;

/**
 * The tensors as the bytes of a .safetensors file, names in the order given.
 * @throws if a tensor does not fill its shape, or is named `__metadata__`
 */
export function encodeSafetensors(
  tensors: NamedTensors,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === METADATA) throw new Error(`a tensor must not be named ${METADATA}`);
    if (data.length !== elements(shape))
      throw new Error(`${name}: ${data.length} values do not fill [${shape}]`);
  }
  // The format allows no gaps between tensors: wide elements first keeps every tensor aligned to its elements.
  const laidOut = Object.entries(tensors).sort(
    ([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT,
  );
  const offsets = new Map<string, [number, number]>();
  let end = 0;
  for (const [name, { data }] of laidOut) {
    offsets.set(name, [end, end + data.byteLength]);
    end += data.byteLength;
  }
  // From entries, so that a tensor may be named "__proto__" too.
  const header = Object.fromEntries([
    ...(metadata ? [[METADATA, metadata] as const] : []),
    ...Object.entries(tensors).map(
      ([name, { dtype, shape }]) =>
        [name, { dtype: elementTypes[dtype].code, shape, data_offsets: offsets.get(name) }] as const,
    ),
  ]);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(" ".charCodeAt(0), LENGTH_BYTES, LENGTH_BYTES + headerLength);
  bytes.set(json, LENGTH_BYTES);
  let start = LENGTH_BYTES + headerLength;
  for (const [, { data }] of laidOut) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
    start += data.byteLength;
  }
  return bytes;
}

/**
 * The tensors of a .safetensors file, in the order of its header. Arrays are views of `bytes` where its alignment
 * allows, else copies.
 * @throws UserError if the bytes are damaged or hold an element type that is not used here
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Record<string, NamedTensor>;
  metadata: Record<string, string>;
} {
  const { header, dataStart } = readHeader(bytes);
  const data = bytes.subarray(dataStart);
  const entries = Object.entries(header).filter(([name]) => name !== METADATA);
  const tensors = entries.map(([name, entry]) => [name, readTensor(name, entry, data)] as const);
  checkCovered(
    entries.map(([, entry]) => (entry as { data_offsets: [number, number] }).data_offsets),
    data.length,
  );
  return { tensors: Object.fromEntries(tensors), metadata: readMetadata(header) };
}

function damaged(what: string): UserError {
  return new UserError(`damaged safetensors file: ${what}`);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) throw damaged("it is too short");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - LENGTH_BYTES)) throw damaged("its header is cut off");
  const dataStart = LENGTH_BYTES + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart)),
    );
  } catch {
    throw damaged("its header is not JSON");
  }
  if (!isRecord(header)) throw damaged("its header is not an object");
  return { header, dataStart };
}

function readMetadata(header: Record<string, unknown>): Record<string, string> {
  const metadata = header[METADATA] ?? {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw damaged("its metadata is not a table of texts");
  }
  return metadata as Record<string, string>;
}

function readTensor(name: string, entry: unknown, data: Uint8Array): NamedTensor {
  if (!isRecord(entry) || !isCounts(entry.shape) || !isCounts(entry.data_offsets)) {
    throw damaged(`the entry of ${name} is malformed`);
  }
  const { shape, data_offsets: offsets } = entry;
  const found = Object.entries(elementTypes).find(([, { code }]) => code === entry.dtype);
  if (!found) throw new UserError(`cannot read the safetensors element type ${entry.dtype} of ${name}`);
  const [dtype, { array: TypedArray }] = found;
  const [start, end] = offsets;
  const count = elements(shape);
  if (offsets.length !== 2 || end > data.length || end - start !== count * TypedArray.BYTES_PER_ELEMENT) {
    throw damaged(`the data of ${name} does not fill its shape`);
  }
  const aligned = (data.byteOffset + start) % TypedArray.BYTES_PER_ELEMENT === 0;
  const values = aligned
    ? new TypedArray(data.buffer as ArrayBuffer, data.byteOffset + start, count)
    : new TypedArray(new Uint8Array(data.subarray(start, end)).buffer);
  return { dtype, shape, data: values } as NamedTensor;
}

/** The format asks that every byte belong to exactly one tensor. */
function checkCovered(offsets: readonly [number, number][], length: number): void {
  let covered = 0;
  for (const [start, end] of [...offsets].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start !== covered) throw damaged("its tensors overlap or leave gaps");
    covered = end;
  }
  if (covered !== length) throw damaged("bytes follow its last tensor, or are missing");
}
