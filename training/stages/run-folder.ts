// What a run keeps of what it has so far: settings, artifacts and checkpoint of each stage, and the log. Where its
// files are is for the platform to say.

import { UserError } from "../../models/errors.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import type { TrainingState } from "../engines/engine.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { type LogRecord, parseLog, recordsUntil } from "./log.ts";
import type { RunSettings } from "./settings.ts";
import type { Plan } from "./timekeeper.ts";

/** The files of a run, by names such as "1-pretrain/checkpoint.safetensors". */
export interface RunFiles {
  /** The content; undefined where there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** All at once: a crash leaves the old file or the new one. */
  write(name: string, content: Uint8Array): Promise<void>;
  /** Adds to the end of a file. */
  append(name: string, content: Uint8Array): Promise<void>;
  /** A file as messages name it. */
  describe(name: string): string;
}

/** What makes two runs the same run. */
export interface RunIdentity {
  readonly settings: RunSettings;
  /** Stands for the images and their order. */
  readonly images: string;
}

const IDENTITY = "run.json";
const PLAN = "plan.json";
export const LOG = "log.jsonl";

/** The models of a stage under the names of their files. */
export function artifactFiles(models: StageModels): Record<string, Uint8Array> {
  return {
    "training_model.onnx": models.trainingModel,
    "eval_model.onnx": models.evalModel,
    "optimizer_model.onnx": models.optimizerModel,
    ...(models.micro && {
      "embedding_model.onnx": models.micro.embeddingModel,
      "loss_model.onnx": models.micro.lossModel,
    }),
  };
}

/** The name of a stage's checkpoint; `stage` such as "1-pretrain". */
export function checkpointFile(stage: string): string {
  return `${stage}/checkpoint.safetensors`;
}

export class RunFolder {
  readonly #files: RunFiles;

  constructor(files: RunFiles) {
    this.#files = files;
  }

  /** Begins a run. */
  async writeIdentity(identity: RunIdentity): Promise<void> {
    await this.#files.write(IDENTITY, encode(`${JSON.stringify(identity, null, 2)}\n`));
  }

  /** Of which run the files are; undefined where none was begun. @throws UserError if that is damaged */
  async readIdentity(): Promise<RunIdentity | undefined> {
    return await this.#readJson(IDENTITY);
  }

  /** Writes the models of a stage; `stage` such as "1-pretrain". */
  async writeModels(stage: string, models: StageModels): Promise<void> {
    for (const [file, content] of Object.entries(artifactFiles(models))) {
      await this.#files.write(`${stage}/${file}`, content);
    }
  }

  async writeCheckpoint(stage: string, models: StageModels, state: TrainingState): Promise<void> {
    await this.#files.write(checkpointFile(stage), encodeCheckpoint(models, state));
  }

  /** The checkpoint of a stage, if it has one. @throws UserError if it is damaged */
  async readCheckpoint(stage: string, models: StageModels): Promise<TrainingState | undefined> {
    const content = await this.#files.read(checkpointFile(stage));
    if (!content) return undefined;
    try {
      return decodeCheckpoint(models, content);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`${this.#files.describe(checkpointFile(stage))}: ${error.message}`);
    }
  }

  /** Of a run with a budget. */
  async writePlan(plan: Plan): Promise<void> {
    await this.#files.write(PLAN, encode(`${JSON.stringify(plan, null, 2)}\n`));
  }

  /** The plan, if there is one. @throws UserError if it is damaged */
  async readPlan(): Promise<Plan | undefined> {
    return await this.#readJson(PLAN);
  }

  async appendLog(record: LogRecord): Promise<void> {
    await this.#files.append(LOG, encode(line(record)));
  }

  async readLog(): Promise<LogRecord[]> {
    const content = await this.#files.read(LOG);
    return content ? parseLog(decode(content)) : [];
  }

  /** Drops what was logged after a checkpoint. */
  async cutLog(stage: number, step: number): Promise<void> {
    const kept = recordsUntil(await this.readLog(), stage, step);
    await this.#files.write(LOG, encode(kept.map(line).join("")));
  }

  async #readJson<T>(name: string): Promise<T | undefined> {
    const content = await this.#files.read(name);
    if (!content) return undefined;
    try {
      return JSON.parse(decode(content));
    } catch {
      throw new UserError(`${this.#files.describe(name)} is damaged`);
    }
  }
}

function line(record: LogRecord): string {
  return `${JSON.stringify(record)}\n`;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The first setting that differs, as "batchSize was 256 and is now 64". */
export function firstDifference(before: unknown, now: unknown, path = ""): string | undefined {
  if (isRecord(before) && isRecord(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const found = firstDifference(before[key], now[key], path ? `${path}.${key}` : key);
      if (found) return found;
    }
    return undefined;
  }
  const [was, is] = [JSON.stringify(before), JSON.stringify(now)];
  return was === is ? undefined : `${path} was ${was} and is now ${is}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
