// The command `artifacts`: the models of the first stage and a checkpoint with its initial weights.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../models/errors.ts";
import { writeFolder } from "../models/write-folder.node.ts";
import { initialValues } from "../training/artifacts/initial-state.ts";
import { encodeOrtCheckpoint } from "../training/artifacts/ort-checkpoint.ts";
import { wholeMicroBatches } from "../training/dataset/batches.ts";
import { encodeCheckpoint } from "../training/stages/checkpoint.ts";
import { artifactFiles } from "../training/stages/run-folder.ts";
import { settingsFor, stageArtifacts } from "../training/stages/stage-models.ts";
import type { ArtifactsArguments } from "./commands/artifacts.ts";
import { printResult } from "./result.ts";
import { runSettings, wantedBatchSize } from "./settings.ts";

/** @throws UserError if the folder exists or cannot be written */
export async function runArtifacts(args: ArtifactsArguments): Promise<void> {
  if (existsSync(args.out))
    throw new UserError(`${args.out} exists: name another folder with --out, or delete it`);
  const wanted = wantedBatchSize(args);
  const batchSize = wholeMicroBatches(wanted, args.microBatch ?? wanted);
  const settings = settingsFor(args.flavour, runSettings(args, batchSize));
  const models = stageArtifacts(settings, settings.stages[0], args.flavour, args.imageCount);
  const state = { values: initialValues(models, settings.seed), step: 0 };
  const files = {
    ...artifactFiles(models),
    ...(args.flavour === "ort-training"
      ? { checkpoint: encodeOrtCheckpoint(models, state) }
      : { "checkpoint.safetensors": encodeCheckpoint(models, state) }),
  };
  await writeFolder(args.out, async (folder) => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  });
  const result = {
    out: args.out,
    files: Object.keys(files),
    viewsShape: models.viewsShape,
    trained: models.trained,
  };
  printResult(args.json, result, [
    `${args.out}: ${result.files.join(", ")}; views float32 [${models.viewsShape}]`,
  ]);
}
