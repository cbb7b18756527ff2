import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "../../models/duration.ts";

const MINUTE = 60;
const HOUR = 3600;

test("lengths of time are said as a person says them", () => {
  const said: [seconds: number, text: string][] = [
    [0, "0 s"],
    [99.4, "99 s"],
    [99.6, "2 min"],
    [90 * MINUTE, "90 min"],
    [99.4 * MINUTE, "99 min"],
    [1.75 * HOUR, "1 h 45 min"],
    [2 * HOUR - 1, "2 h"],
    [3 * HOUR, "3 h"],
    [26 * HOUR + 5 * MINUTE, "26 h 5 min"],
  ];
  for (const [seconds, text] of said) assert.equal(duration(seconds), text);
});
