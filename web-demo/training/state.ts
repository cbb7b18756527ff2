// What the page that trains shows, and what can be done there.

import { batch, signal } from "@preact/signals";
import type { Scores } from "../../models/bundle/map-info.ts";
import { reasonOf } from "../../models/errors.ts";
import type { LogRecord } from "../../training/stages/log.ts";
import { forgetRun, type KeptRunSummary, keptRunSummary } from "./kept-run.ts";
import type { Images, ImagesMessage, StepMessage, TrainerReply, TrainerRequest } from "./messages.ts";
import { drawPng } from "./picture.ts";
import { defaultOptions } from "./settings.ts";

export type Phase =
  | { readonly kind: "setup" }
  | { readonly kind: "reading"; readonly done: number; readonly total: number; readonly skipped: number }
  | { readonly kind: "training" }
  | { readonly kind: "pausing" }
  | { readonly kind: "paused" }
  | { readonly kind: "making"; readonly done: number; readonly total: number }
  | { readonly kind: "done"; readonly name: string; readonly scores: Scores }
  | { readonly kind: "failed"; readonly reason: string };

export const phase = signal<Phase>({ kind: "setup" });
export const options = signal(defaultOptions);
/** What is to be trained on. */
export const chosen = signal<Images | undefined>(undefined);
/** The unfinished run that this browser keeps. */
export const unfinished = signal<KeptRunSummary | undefined>(undefined);
export const images = signal<ImagesMessage | undefined>(undefined);
export const engine = signal<string | undefined>(undefined);
export const step = signal<StepMessage | undefined>(undefined);
export const log = signal<readonly LogRecord[]>([]);
/** The images that are shown, on the plane. */
export const live = signal<Float32Array | undefined>(undefined);

let worker: Worker | undefined;

/** Looks for a run that was left unfinished. */
export async function lookForRun(): Promise<void> {
  unfinished.value = await keptRunSummary();
}

export function start(): void {
  if (!chosen.value) return;
  // What is kept is not cleared away when the disk fills up. Some browsers ask the user.
  void navigator.storage.persist();
  work({ kind: "start", images: chosen.value, options: options.value });
}

/** Goes on with the run that is kept. */
export function resume(): void {
  work({ kind: "resume" });
}

export function pause(): void {
  if (phase.value.kind === "training") phase.value = { kind: "pausing" };
  worker?.postMessage({ kind: "pause" } satisfies TrainerRequest);
}

/** Forgets the run that is kept, and begins anew. */
export async function discard(): Promise<void> {
  await forgetRun();
  batch(() => {
    unfinished.value = undefined;
    clear();
    phase.value = { kind: "setup" };
  });
}

function clear(): void {
  images.value = undefined;
  engine.value = undefined;
  step.value = undefined;
  log.value = [];
  live.value = undefined;
}

function work(request: TrainerRequest): void {
  worker?.terminate();
  const started = new Worker(new URL("./trainer.worker.ts", import.meta.url), { type: "module" });
  worker = started;
  batch(() => {
    clear();
    unfinished.value = undefined;
    phase.value = request.kind === "start" ? { kind: "reading", done: 0, total: 0, skipped: 0 } : TRAINING;
  });
  started.onmessage = ({ data }: MessageEvent<TrainerReply>) => batch(() => hear(data, started));
  started.onerror = (event) => {
    end();
    phase.value = { kind: "failed", reason: event.message || "the worker has stopped" };
  };
  started.postMessage(request);
}

const TRAINING: Phase = { kind: "training" };

function hear(reply: TrainerReply, from: Worker): void {
  switch (reply.kind) {
    case "reading":
    case "making":
      phase.value = reply;
      return;
    case "images":
      images.value = reply;
      if (phase.value.kind === "reading") phase.value = TRAINING;
      return;
    case "engine":
      engine.value = reply.engine;
      return;
    case "step":
      step.value = reply;
      return;
    case "log":
      log.value = [...log.value, ...reply.records];
      return;
    case "live":
      live.value = reply.coordinates;
      return;
    case "draw":
      void drawPng(reply).then(
        (png) => from.postMessage({ kind: "drawn", png } satisfies TrainerRequest, [png.buffer]),
        (error) => {
          end();
          phase.value = { kind: "failed", reason: `the picture could not be drawn: ${reasonOf(error)}` };
        },
      );
      return;
    case "paused":
    case "failed":
      end();
      phase.value = reply;
      void lookForRun().then(() => {
        // Nothing was kept yet: there is nothing to go on with.
        if (!unfinished.value && reply.kind === "paused") phase.value = { kind: "setup" };
      });
      return;
    case "done":
      end();
      phase.value = reply;
  }
}

function end(): void {
  worker?.terminate();
  worker = undefined;
}
