import { renameSync, rmSync, writeFileSync } from "node:fs";
import { reasonOf, UserError } from "../models/errors.ts";

/** Writes a file all at once: whoever reads it sees the old one or the new one. @throws UserError if it cannot */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(`${path}.part`, content);
    renameSync(`${path}.part`, path);
  } catch (error) {
    rmSync(`${path}.part`, { force: true });
    throw new UserError(`cannot write ${path}: ${reasonOf(error)}`);
  }
}
