// Reading the values of options. What is wrong with one is told in a line, with the name of the option.

/** Wrong usage: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A whole number of at least `min` and at most `max`. */
export function wholeNumber(
  name: string,
  min: number,
  max = Number.POSITIVE_INFINITY,
): (value: unknown) => number {
  return (value) => {
    const n = Number(value);
    if (value === "" || !Number.isInteger(n) || n < min || n > max) {
      const range = max === Number.POSITIVE_INFINITY ? `from ${min}` : `from ${min} to ${max}`;
      throw new UsageError(`--${name} takes a whole number ${range}, not "${value}"`);
    }
    return n;
  };
}

/** A finite number of at least `min`, or above it where `above` is set. */
export function number(name: string, min: number, above = false): (value: unknown) => number {
  return (value) => {
    const n = Number(value);
    if (value === "" || !Number.isFinite(n) || n < min || (above && n === min)) {
      throw new UsageError(`--${name} takes a number ${above ? "above" : "from"} ${min}, not "${value}"`);
    }
    return n;
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600 };

/** A length of time such as "90s", "30m", "1.5h" or "1h30m". @returns reads it as seconds */
export function timeSpan(name: string): (value: unknown) => number {
  return (value) => {
    const text = String(value).replace(/\s/g, "");
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(min|[hms])/g)];
    const seconds = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit], 0);
    if (seconds === 0 || parts.map(([part]) => part).join("") !== text) {
      throw new UsageError(`--${name} takes a time such as 30m, 90s or 1h30m, not "${value}"`);
    }
    return seconds;
  };
}

/** Three numbers, one for each stage: "1000,50,450". */
export function perStage(name: string): (value: unknown) => readonly [number, number, number] {
  return (value) => {
    const parts = String(value).split(",").map(number(name, 0));
    if (parts.length !== 3) {
      throw new UsageError(`--${name} takes three numbers such as 1000,50,450, not "${value}"`);
    }
    return parts as [number, number, number];
  };
}

/** Applies a reader where the option was given. */
export function optional<T>(read: (value: unknown) => T): (value: unknown) => T | undefined {
  return (value) => (value === undefined ? undefined : read(value));
}
