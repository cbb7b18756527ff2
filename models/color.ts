import { UserError } from "./errors.ts";

const NAMED: Readonly<Record<string, string>> = { white: "#ffffff", black: "#000000", gray: "#808080" };

/**
 * The channels 0 … 255 of a colour written as `white`, `black`, `gray`, `#rgb` or `#rrggbb`.
 * @throws UserError for anything else
 */
export function parseColor(text: string): readonly [red: number, green: number, blue: number] {
  const name = text.trim().toLowerCase();
  const long = (NAMED[name] ?? name).replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
  if (!/^#[0-9a-f]{6}$/.test(long)) {
    throw new UserError(`"${text}" is no colour: give white, black, gray, #rgb or #rrggbb`);
  }
  const value = Number.parseInt(long.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
