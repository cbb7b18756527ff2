/** What a user can cause and mend. The message is one line: what is wrong, where, and what to do. */
export class UserError extends Error {
  override name = "UserError";
}

/** The one line to show for anything thrown. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, " ").trim();
}
