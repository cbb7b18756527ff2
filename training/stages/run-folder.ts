// Where a run keeps what it has so far: settings, artifacts and checkpoint of each stage, and the log. It stands
// beside the map to come, and moves into it when the run is done.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { reasonOf, UserError } from "../../models/errors.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import type { TrainingState } from "../engines/engine.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { type LogRecord, parseLog, recordsUntil } from "./log.ts";
import type { RunSettings } from "./settings.ts";

/** The three models of a stage under the names of their files. */
export function artifactFiles(models: StageModels): Record<string, Uint8Array> {
  return {
    "training_model.onnx": models.trainingModel,
    "eval_model.onnx": models.evalModel,
    "optimizer_model.onnx": models.optimizerModel,
  };
}

/** What makes two runs the same run. */
export interface RunIdentity {
  readonly settings: RunSettings;
  /** Stands for the images and their order. */
  readonly images: string;
}

export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Where the run of a map keeps its state. */
  static pathFor(target: string): string {
    return `${target.replace(/[/\\]+$/, "")}.unfinished`;
  }

  /** @throws UserError if an unfinished run is there already */
  static create(target: string, identity: RunIdentity): RunFolder {
    const path = RunFolder.pathFor(target);
    if (existsSync(path)) {
      throw new UserError(
        `an unfinished run is in ${path}: add --resume to go on with it, or delete that folder`,
      );
    }
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new UserError(`cannot make the folder ${path}: ${reasonOf(error)}`);
    }
    const folder = new RunFolder(path);
    folder.#write("run.json", `${JSON.stringify(identity, null, 2)}\n`);
    return folder;
  }

  /** @throws UserError if there is no such run, or it was started with other settings or images */
  static resume(target: string, identity: RunIdentity): RunFolder {
    const path = RunFolder.pathFor(target);
    const file = join(path, "run.json");
    if (!existsSync(file))
      throw new UserError(`there is no unfinished run at ${path}: leave out --resume to start one`);
    let before: RunIdentity;
    try {
      before = JSON.parse(readFileSync(file, "utf8"));
    } catch {
      throw new UserError(`${file} is damaged: delete ${path} and start again`);
    }
    const now: RunIdentity = JSON.parse(JSON.stringify(identity));
    if (before.images !== now.images) {
      throw new UserError(`the images have changed since ${path} was started: delete it to start again`);
    }
    const differing = firstDifference(before.settings, now.settings, "");
    if (differing) throw new UserError(`${path} was started with other settings: ${differing}`);
    return new RunFolder(path);
  }

  /** Writes the three models of a stage; `name` such as "1-pretrain". */
  writeModels(name: string, models: StageModels): void {
    mkdirSync(join(this.path, name), { recursive: true });
    for (const [file, content] of Object.entries(artifactFiles(models)))
      this.#write(join(name, file), content);
  }

  writeCheckpoint(name: string, models: StageModels, state: TrainingState): void {
    this.#write(join(name, "checkpoint.safetensors"), encodeCheckpoint(models, state));
  }

  /** The checkpoint of a stage, if it has one. @throws UserError if it is damaged */
  readCheckpoint(name: string, models: StageModels): TrainingState | undefined {
    const file = join(this.path, name, "checkpoint.safetensors");
    if (!existsSync(file)) return undefined;
    try {
      return decodeCheckpoint(models, readFileSync(file));
    } catch (error) {
      if (error instanceof UserError) throw new UserError(`${file}: ${error.message}`);
      throw error;
    }
  }

  appendLog(record: LogRecord): void {
    const file = join(this.path, "log.jsonl");
    try {
      appendFileSync(file, `${JSON.stringify(record)}\n`);
    } catch (error) {
      throw cannotWrite(file, error);
    }
  }

  readLog(): LogRecord[] {
    const file = join(this.path, "log.jsonl");
    return existsSync(file) ? parseLog(readFileSync(file, "utf8")) : [];
  }

  /** Drops what was logged after a checkpoint. */
  cutLog(stage: number, step: number): void {
    const kept = recordsUntil(this.readLog(), stage, step);
    this.#write("log.jsonl", kept.map((record) => `${JSON.stringify(record)}\n`).join(""));
  }

  /** All at once: a crash leaves the old file or the new one. */
  #write(name: string, content: string | Uint8Array): void {
    const file = join(this.path, name);
    try {
      writeFileSync(`${file}.tmp`, content);
      renameSync(`${file}.tmp`, file);
    } catch (error) {
      rmSync(`${file}.tmp`, { force: true });
      throw cannotWrite(file, error);
    }
  }
}

function cannotWrite(file: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === "ENOSPC" || code === "EDQUOT" ? "the disk is full" : reasonOf(error);
  return new UserError(`cannot write ${file}: ${why}; mend that, then go on with --resume`);
}

/** The first setting that differs, as "batchSize was 256 and is now 64". */
function firstDifference(before: unknown, now: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(before, now)) return undefined;
  if (isRecord(before) && isRecord(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const found = firstDifference(before[key], now[key], path ? `${path}.${key}` : key);
      if (found) return found;
    }
  }
  return `${path} was ${JSON.stringify(before)} and is now ${JSON.stringify(now)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
