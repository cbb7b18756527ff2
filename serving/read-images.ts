// The images of a request: a multipart form with the field "images", or one image as the body.

import busboy from "busboy";
import express, { type Request, type RequestHandler } from "express";
import { Problem } from "./problem.ts";

export interface SentImage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Name of an image that came without one. */
const UNNAMED = "image";

const FIELD = "images";

/** Refuses a body that cannot be images, before any of it is read. @throws Problem unsupported_media_type */
export const expectImages: RequestHandler = (request, _, next) => {
  const type = request.headers["content-type"] ?? "";
  if (!/^(multipart\/form-data|image\/)/i.test(type)) {
    throw new Problem(
      "unsupported_media_type",
      `send one image as image/* or a multipart/form-data form with the field "${FIELD}", not ${type ? "this Content-Type" : "a body without a Content-Type"}`,
    );
  }
  next();
};

/** Reads the body into memory, up to a limit. */
export function readBody(maxBytes: number): RequestHandler {
  return express.raw({ type: () => true, limit: maxBytes });
}

/**
 * The images of a request whose body has been read.
 * @throws Problem bad_request or too_many_files
 */
export async function imagesOf(request: Request, maxFiles: number): Promise<SentImage[]> {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body) || body.length === 0) {
    throw new Problem("bad_request", `the body is empty: send an image, or a form with the field "${FIELD}"`);
  }
  const type = request.headers["content-type"]!;
  if (!/^multipart\//i.test(type)) return [{ name: UNNAMED, bytes: body }];
  const images = await formImages(body, type, maxFiles);
  if (images.length === 0) {
    throw new Problem("bad_request", `the form has no file in a field "${FIELD}"`);
  }
  return images;
}

function formImages(body: Buffer, type: string, maxFiles: number): Promise<SentImage[]> {
  return new Promise((resolve, reject) => {
    const malformed = (error: unknown) =>
      reject(new Problem("bad_request", `the multipart body is malformed: ${(error as Error).message}`));
    const images: SentImage[] = [];
    let form: busboy.Busboy;
    try {
      form = busboy({
        headers: { "content-type": type },
        defParamCharset: "utf8",
        preservePath: true,
        limits: { files: maxFiles, fields: 0, fileSize: Number.POSITIVE_INFINITY },
      });
    } catch (error) {
      return malformed(error);
    }
    const tooMany = () =>
      reject(new Problem("too_many_files", `send at most ${maxFiles} images in one request`));
    form.on("file", (field, stream, { filename }) => {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("error", malformed);
      stream.on("end", () => {
        if (field === FIELD) images.push({ name: filename || UNNAMED, bytes: Buffer.concat(pieces) });
      });
    });
    form.on("filesLimit", tooMany);
    form.on("error", malformed);
    form.on("close", () => resolve(images));
    form.end(body);
  });
}
