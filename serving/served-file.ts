// A file that is held open: replacing the folder it came from does not change what is served of it.

import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";

export interface ServedFile {
  readonly handle: FileHandle;
  readonly bytes: number;
  /** Media type. */
  readonly type: string;
  /** A strong entity tag, quotes included. */
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  webp: "image/webp",
  ico: "image/x-icon",
  wasm: "application/wasm",
  parquet: "application/vnd.apache.parquet",
};

/** Opens a file for serving. Its type follows from the end of its name. */
export async function openServedFile(path: string, etag: string): Promise<ServedFile> {
  const handle = await open(path, "r");
  const { size } = await handle.stat();
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  return { handle, bytes: size, type, etag };
}

/** The whole content of a file. */
export async function readServedFile(file: ServedFile): Promise<Uint8Array<ArrayBuffer>> {
  const content = new Uint8Array(file.bytes);
  let at = 0;
  for await (const piece of piecesOf(file)) {
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

/** Bytes of a file that are read at a time. */
const PIECE = 2 ** 18;

/** A file piece by piece. A stream of the handle's own would be kept in memory until the handle is closed. */
async function* piecesOf({ handle, bytes }: ServedFile): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes; ) {
    const piece = new Uint8Array(Math.min(PIECE, bytes - at));
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw new Error("a file that is served has become shorter");
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Answers with the file, or with 304 if the client has it. */
export async function sendFile(request: Request, response: Response, file: ServedFile): Promise<void> {
  response.set({ ETag: file.etag, "Content-Type": file.type });
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  response.set("Content-Length", String(file.bytes));
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  try {
    await pipeline(piecesOf(file), response);
  } catch (error) {
    // The client has gone.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}
