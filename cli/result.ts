/** Writes a result to standard output: as one JSON object, or line by line. */
export function printResult(json: boolean, result: object, lines: readonly string[]): void {
  const shown = json ? [JSON.stringify(result)] : lines;
  process.stdout.write(shown.map((line) => `${line}\n`).join(""));
}

/** A path as a line shows it: in quotation marks if it could be taken for two lines, or do something to a terminal. */
export function shownPath(path: string): string {
  return /\p{Cc}|^"/u.test(path) ? JSON.stringify(path) : path;
}
