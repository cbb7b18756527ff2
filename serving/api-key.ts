// An optional key for what costs processor time.

import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { Problem } from "./problem.ts";

/** Demands `Authorization: Bearer <key>`; compares in constant time. */
export function demandApiKey(key: string): RequestHandler {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(key);
  return (request, _, next) => {
    const [, given] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "") ?? [];
    // Digests are equally long, whatever was sent.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      throw new Problem("unauthorized", "send the key as Authorization: Bearer <key>", {
        headers: { "WWW-Authenticate": "Bearer" },
      });
    }
    next();
  };
}
