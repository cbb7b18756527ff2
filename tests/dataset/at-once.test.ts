import assert from "node:assert/strict";
import { before, describe, mock, test } from "node:test";
import { atOnceIfQuick } from "../../training/dataset/at-once.ts";

/** A clock that only the calls themselves move on, so that a pause of the machine is not taken for a slow call. */
let time = 0;

/** Where each of so many calls was made, if one on this thread takes so long. */
async function places(calls: number, milliseconds: number): Promise<string[]> {
  const made: string[] = [];
  for (let call = 0; call < calls; call++) {
    const here = () => {
      time += milliseconds;
      return "here";
    };
    made.push(await atOnceIfQuick(here, async () => "elsewhere"));
  }
  return made;
}

describe("calls that are made at once if they are quick", () => {
  before(() => mock.method(performance, "now", () => time));

  test("quick ones stay here, slow ones go elsewhere but for a trial now and then, and come back when quick again", async () => {
    assert.deepEqual(new Set(await places(50, 0)), new Set(["here"]));
    const slow = await places(100, 5);
    assert.equal(slow[0], "here");
    const trials = slow.filter((place) => place === "here").length;
    assert.ok(trials >= 2 && trials <= 12, `${trials} trials`);
    const again = await places(100, 0);
    assert.deepEqual(new Set(again.slice(-20)), new Set(["here"]));
  });

  test("what goes wrong is told, wherever it does", async () => {
    const fails = () => {
      throw new Error("here");
    };
    await assert.rejects(
      atOnceIfQuick(fails, async () => 0),
      /here/,
    );
    await places(1, 20);
    const failsLater = async () => {
      throw new Error("elsewhere");
    };
    await assert.rejects(
      atOnceIfQuick(() => 0, failsLater),
      /elsewhere/,
    );
  });
});
