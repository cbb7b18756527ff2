import { UserError } from "../../models/errors.ts";

/** What could not be used, and why. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/** What `--strict` fails with. */
export function strictError({ path, reason }: Skipped): UserError {
  return new UserError(`${path}: ${reason} (without --strict, it is skipped)`);
}
