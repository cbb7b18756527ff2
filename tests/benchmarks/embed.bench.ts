// `tsimcne embed` of a folder of small images, next to its parts alone one after the other, decoding and the encoder
// with all processors, and next to the same job in PyTorch. The sides alternate; the command's time has everything in
// it, its start included.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/embed.bench.ts MAP [--images 10000] [--rounds 3]
//     [--json FILE]

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { openBundle } from "../../models/bundle/bundle.node.ts";
import { bundleFiles } from "../../models/bundle/files.ts";
import { decodeImage, decodeOptionsOf } from "../../models/decode.node.ts";
import { mapInOrder } from "../../models/in-order.ts";
import { nodeRuntime } from "../../models/runtime.node.ts";
import { openSource } from "../../training/dataset/source.ts";
import { backbones } from "../../training/networks/backbone.ts";
import { builtCommand } from "../support/built.ts";
import { median } from "../support/median.ts";
import { pythonWith } from "../support/python.ts";

const SOURCE = "../shared/data/cifar10/train.tar";
const COMMAND = builtCommand();
const SCRIPT = fileURLToPath(new URL("../support/pytorch/embed_images.py", import.meta.url));
const BATCH = 64;

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const [map] = positionals;
if (map === undefined || !existsSync(SOURCE)) {
  console.log(`skipped: ${map === undefined ? "no map is named" : `there is no ${SOURCE}`}`);
  process.exit(0);
}
const bundle = await openBundle(map);
const { imageSize, network } = bundle.info;
const folder = mkdtempSync(join(tmpdir(), "tsimcne-embed-"));
const images = join(folder, "images");
mkdirSync(images);
const source = await openSource(SOURCE);
const { entries } = source;
for (let i = 0; i < Number(args.images); i++) {
  writeFileSync(join(images, `${i}.jpg`), await entries[i % entries.length].read());
}
await source.close();

const decoders = {
  sharp: (bytes: Buffer) => sharp(bytes).raw().toBuffer(),
  ours: (bytes: Buffer) => decodeImage(bytes, decodeOptionsOf(bundle.info)),
};

/** Seconds of reading and decoding alone, as many images side by side as sharp has threads for. */
async function decoding(decode: (bytes: Buffer) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  const files = await readdir(images);
  const decoded = mapInOrder(files, 4 * availableParallelism(), (file) =>
    decode(readFileSync(join(images, file))),
  );
  for await (const _ of decoded);
  return (performance.now() - began) / 1000;
}

/** Seconds of the encoder's session alone. */
async function encoding(): Promise<number> {
  const session = await nodeRuntime.createSession(await bundle.read(bundleFiles.encoder));
  const shape = [BATCH, imageSize, imageSize, 3];
  const pictures = new Uint8Array(BATCH * imageSize * imageSize * 3).fill(99);
  const run = () => session.run({ images: new nodeRuntime.Tensor("uint8", pictures, shape) });
  await run();
  const began = performance.now();
  for (let done = 0; done < Number(args.images); done += BATCH) await run();
  await session.release();
  return (performance.now() - began) / 1000;
}

function seconds(command: string, given: readonly string[]): { took: number; stdout: string } {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, given, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return { took: (performance.now() - began) / 1000, stdout };
}

const python = pythonWith("torch");
const { widths, depths, stemStride } = backbones[network.backbone as keyof typeof backbones];
const threads = availableParallelism();
const job = { widths, depths, stemStride, hiddenDim: network.hiddenDim, outDim: 2, imageSize, threads };

interface Round {
  /** Seconds of the command. */
  readonly command: number;
  readonly withSharp: number;
  readonly withOurs: number;
  readonly torch?: number;
  /** … without its imports. */
  readonly torchStarted?: number;
}
const rounds: Round[] = [];
for (let round = 0; round < Number(args.rounds); round++) {
  const out = join(folder, "points.csv");
  const given = [COMMAND, "embed", map, images, "--quiet", "--format", "csv", "--out", out];
  const { took: command } = seconds(process.execPath, given);
  const encoder = await encoding();
  const withSharp = (await decoding(decoders.sharp)) + encoder;
  const withOurs = (await decoding(decoders.ours)) + encoder;
  const torch = python && seconds(python, [SCRIPT, JSON.stringify(job), images]);
  rounds.push({
    command,
    withSharp,
    withOurs,
    ...(torch && { torch: torch.took, torchStarted: Number(torch.stdout) }),
  });
}
const rate = median(rounds.map(({ command }) => Number(args.images) / command));
const ratio = (other: Exclude<keyof Round, "command">) =>
  median(rounds.map((round) => (round[other] ?? Number.NaN) / round.command)).toFixed(2);
console.log(
  `${args.images} images: ${Math.round(rate)} images/s. Time by the command's: ` +
    `sharp alone, then the encoder alone ${ratio("withSharp")}; this project's decoder, then the encoder ${ratio("withOurs")}; ` +
    (python
      ? `PyTorch and Pillow ${ratio("torch")}, their imports left out ${ratio("torchStarted")}`
      : "no python3 here has torch"),
);
rmSync(folder, { recursive: true, force: true });
if (args.json) writeFileSync(args.json, `${JSON.stringify({ images: Number(args.images), rounds })}\n`);
