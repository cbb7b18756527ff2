// Decoding of small pictures next to sharp alone, by format and size. Both decode as many side by side as there are
// threads for; the sides alternate. What holds up the one JavaScript thread is told beside it.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/decode.bench.ts [--images 500] [--rounds 5]
//     [--json FILE]

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { decodeImage } from "../../models/decode.node.ts";
import { mapInOrder } from "../../models/in-order.ts";
import { median } from "../support/median.ts";
import { mixedImages } from "../support/mixed-images.ts";

const { values: args } = parseArgs({
  options: {
    images: { type: "string", default: "500" },
    rounds: { type: "string", default: "5" },
    json: { type: "string" },
  },
});

const scenes = (await mixedImages(20)).filter(({ exact }) => exact).map(({ bytes }) => bytes);

async function files(format: "jpeg" | "png", side: number): Promise<Buffer[]> {
  const pictures = await Promise.all(
    scenes.map((bytes) => sharp(bytes).resize(side, side).removeAlpha().toFormat(format).toBuffer()),
  );
  return Array.from({ length: Number(args.images) }, (_, i) => pictures[i % pictures.length]);
}

/** Milliseconds a picture, and of them those in which the JavaScript thread was busy. */
async function time(pictures: readonly Buffer[], decode: (bytes: Buffer) => Promise<unknown>) {
  const before = performance.eventLoopUtilization();
  const began = performance.now();
  for await (const _ of mapInOrder(pictures, 4 * availableParallelism(), decode));
  const took = (performance.now() - began) / pictures.length;
  return { took, busy: took * performance.eventLoopUtilization(before).utilization };
}

const results = [];
for (const format of ["jpeg", "png"] as const) {
  for (const side of [28, 32, 48, 64, 96, 128, 192]) {
    const pictures = await files(format, side);
    const rounds = [];
    for (let round = 0; round < Number(args.rounds); round++) {
      const alone = await time(pictures, (bytes) => sharp(bytes).raw().toBuffer());
      const ours = await time(pictures, (bytes) => decodeImage(bytes, { minSide: 256 }));
      rounds.push({ alone, ours });
    }
    const ratio = median(rounds.map(({ alone, ours }) => alone.took / ours.took));
    const [alone, ours] = [rounds.map((r) => r.alone), rounds.map((r) => r.ours)].map((side) => ({
      took: median(side.map(({ took }) => took)),
      busy: median(side.map(({ busy }) => busy)),
    }));
    const told = ({ took, busy }: typeof alone) => `${took.toFixed(3)} ms (thread ${busy.toFixed(3)})`;
    console.log(
      `${format} ${side} × ${side}: sharp ${told(alone)}, ours ${told(ours)}: ${ratio.toFixed(2)} × as fast`,
    );
    results.push({ format, side, alone, ours, ratio });
  }
}
if (args.json) writeFileSync(args.json, `${JSON.stringify(results)}\n`);
