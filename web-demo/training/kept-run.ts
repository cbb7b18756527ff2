// An unfinished run, kept in this browser so that a reload, or a tab that was closed, loses a minute or two at most.

import type { LogRecord } from "../../training/stages/log.ts";
import { LOG, type RunFiles } from "../../training/stages/run-folder.ts";
import type { RunSettings } from "../../training/stages/settings.ts";
import { change, forget, keep, kept, keptNames } from "../kept.ts";
import type { LoadedImages } from "./images.ts";
import type { TrainOptions } from "./messages.ts";

export interface KeptRun {
  readonly options: TrainOptions;
  readonly settings: RunSettings;
  readonly images: LoadedImages;
}

/** What can be told of a run without loading its images. */
export type KeptRunSummary = Pick<KeptRun, "options"> & { readonly count: number };

/** Names of the files of the run begin so. */
const RUN = "run/";
const SUMMARY = "run summary";
const IMAGES = "run images";

/** The unfinished run; undefined where there is none. */
export function keptRunSummary(): Promise<KeptRunSummary | undefined> {
  return kept<KeptRunSummary>(SUMMARY);
}

export async function keepRun(run: KeptRun): Promise<void> {
  await forgetRun();
  await keep(IMAGES, run);
  const { options, images } = run;
  await keep(SUMMARY, { options, count: images.facts.paths.length } satisfies KeptRunSummary);
}

export function keptRun(): Promise<KeptRun | undefined> {
  return kept<KeptRun>(IMAGES);
}

export async function forgetRun(): Promise<void> {
  await forget([SUMMARY, IMAGES, ...(await keptNames(RUN))]);
}

/** The files of the run. @param onLog told each line of the log that is added */
export function keptFiles(onLog: (record: LogRecord) => void): RunFiles {
  return {
    read: (name) => kept<Uint8Array>(RUN + name),
    write: (name, content) => keep(RUN + name, content),
    async append(name, content) {
      await change<Uint8Array>(RUN + name, (before) => joined(before ?? new Uint8Array(), content));
      if (name === LOG) onLog(JSON.parse(new TextDecoder().decode(content)));
    },
    describe: (name) => name,
  };
}

/** All files of the run by their names. */
export async function keptRunFiles(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of await keptNames(RUN)) {
    files.set(name.slice(RUN.length), (await kept<Uint8Array>(name))!);
  }
  return files;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
