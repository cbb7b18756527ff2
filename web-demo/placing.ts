// Images that people bring: a list of them, and what happens to it. One after the other goes to the worker.

import { batch, computed, signal } from "@preact/signals";
import { bundleFiles } from "../models/bundle/files.ts";
import { reasonOf } from "../models/errors.ts";
import type { Near } from "../models/plane-index.ts";
import { askServer } from "./ask-server.ts";
import type { BroughtFile } from "./drop.ts";
import type { LoadedMap } from "./load.ts";
import {
  type FailedMessage,
  type OpenMessage,
  type PlacedMessage,
  type PlaceMessage,
  type PlacerFile,
  placerFiles,
} from "./placer-messages.ts";
import { NEIGHBOURS } from "./selection.ts";
import { map, sheet, sidePanel } from "./state.ts";

export interface Spot {
  /** As the encoder gives it: 2 or 3 coordinates, of which the map shows two. */
  readonly embedding: readonly number[];
  readonly novelty: number;
}

export interface Placed extends Spot {
  readonly kind: "placed";
  /** A small picture of the image. */
  readonly picture: HTMLImageElement;
  /** The nearest images on the map. */
  readonly neighbours: readonly Near[];
}

export interface Failed {
  readonly kind: "failed";
  readonly reason: string;
}

export interface Waiting {
  readonly kind: "waiting";
}

/** An image that was brought. */
export interface Guest {
  readonly id: number;
  readonly name: string;
  /** Undefined where the browser could not open it. */
  readonly file: File | undefined;
  readonly here: Waiting | Placed | Failed;
  /** What the server says, if it is asked. */
  readonly server?: Waiting | ({ readonly kind: "placed" } & Spot) | Failed;
}

export const guests = signal<readonly Guest[]>([]);
/** The guest whose neighbours are shown. */
export const active = signal<number | undefined>(undefined);
/** Whether each image goes to the server too. */
export const alsoServer = signal(false);
export const apiKey = signal("");
/** Where images are placed, in words; undefined before the first. */
export const engine = signal<string | undefined>(undefined);

export const waiting = computed(() => guests.value.filter(({ here }) => here.kind === "waiting").length);
export const placed = computed(() =>
  guests.value.filter((guest): guest is Guest & { here: Placed } => guest.here.kind === "placed"),
);
/** Of the images of this go, how many are done, and of how many. */
export const progress = signal({ done: 0, of: 0 });

/** So many images are placed at once: one is decoded while another is with the network. */
const MOST_IN_FLIGHT = 2;

let worker: Worker | undefined;
let nextId = 1;
/** The images that are being placed, until they are shown. */
const inFlight = new Set<number>();
const answers = new Map<number, (answer: PlacedMessage | FailedMessage) => void>();

/** Adds images to the list, and begins to place them. */
export function bring(files: readonly BroughtFile[]): void {
  if (files.length === 0 || !map.value) return;
  const added = files.map((brought): Guest => {
    const { name } = brought;
    if ("reason" in brought) {
      return { id: nextId++, name, file: undefined, here: { kind: "failed", reason: brought.reason } };
    }
    return { id: nextId++, name, file: brought.file, here: { kind: "waiting" } };
  });
  batch(() => {
    if (waiting.value === 0) progress.value = { done: 0, of: 0 };
    const more = added.filter(({ here }) => here.kind === "waiting").length;
    progress.value = { ...progress.value, of: progress.value.of + more };
    guests.value = [...guests.value, ...added];
    sheet.value = "placed";
    sidePanel.value = true;
  });
  pump();
}

/** Forgets the images that still wait. */
export function cancel(): void {
  guests.value = guests.value.filter(({ here }) => here.kind !== "waiting");
}

/** Forgets an image. */
export function dismiss(id: number): void {
  batch(() => {
    release(guests.value.filter((guest) => guest.id === id));
    guests.value = guests.value.filter((guest) => guest.id !== id);
    if (active.value === id) active.value = undefined;
  });
}

/** Forgets all images. */
export function dismissAll(): void {
  batch(() => {
    release(guests.value);
    guests.value = [];
    active.value = undefined;
    sidePanel.value = false;
    if (sheet.value === "placed") sheet.value = undefined;
  });
}

function release(gone: readonly Pick<Guest, "here">[]): void {
  for (const { here } of gone) if (here.kind === "placed") URL.revokeObjectURL(here.picture.src);
}

/** Asks the server for the images that it has not been asked for. */
export async function askForAll(): Promise<void> {
  for (const { id } of guests.value.filter(({ here, server }) => here.kind !== "waiting" && !server)) {
    if (!alsoServer.value) return;
    await ask(id);
  }
}

/** Asks again where the server refused. */
export function askAgain(): void {
  guests.value = guests.value.map((guest) =>
    guest.server?.kind === "failed" ? { ...guest, server: undefined } : guest,
  );
  void askForAll();
}

function pump(): void {
  while (inFlight.size < MOST_IN_FLIGHT) {
    const next = guests.value.find(({ id, here }) => here.kind === "waiting" && !inFlight.has(id));
    if (!next) return;
    inFlight.add(next.id);
    void placeOne(next).finally(() => {
      inFlight.delete(next.id);
      pump();
    });
  }
}

async function placeOne({ id, file }: Guest): Promise<void> {
  const loaded = map.value!;
  const answer = await sendToWorker(loaded, id, file!);
  const here =
    "reason" in answer ? ({ kind: "failed", ...answer } as const) : await placement(loaded, answer);
  const forgotten = !guests.value.some((guest) => guest.id === id);
  if (forgotten) return release([{ here }]);
  batch(() => {
    change(id, { here });
    progress.value = { ...progress.value, done: progress.value.done + 1 };
    // The first of a go is looked at; those after it do not take its place.
    if (here.kind === "placed" && (active.value === undefined || progress.value.of === 1)) active.value = id;
  });
  if (alsoServer.value) await ask(id);
}

async function placement({ index }: LoadedMap, answer: PlacedMessage): Promise<Placed | Failed> {
  engine.value = answer.engine;
  const picture = new Image();
  picture.src = URL.createObjectURL(answer.preview);
  try {
    await picture.decode();
  } catch (error) {
    URL.revokeObjectURL(picture.src);
    return { kind: "failed", reason: reasonOf(error) };
  }
  const { embedding, novelty } = answer;
  return {
    kind: "placed",
    embedding,
    novelty,
    picture,
    neighbours: index.nearest(embedding[0], embedding[1], NEIGHBOURS),
  };
}

function sendToWorker(loaded: LoadedMap, id: number, file: File): Promise<PlacedMessage | FailedMessage> {
  worker ??= startWorker(loaded);
  return new Promise((resolve) => {
    answers.set(id, (answer) => {
      answers.delete(id);
      resolve(answer);
    });
    worker?.postMessage({ kind: "place", id, file, waiting: waiting.value } satisfies PlaceMessage);
  });
}

function startWorker({ info, diagonal, files }: LoadedMap): Worker {
  const started = new Worker(new URL("./placer.worker.ts", import.meta.url), { type: "module" });
  started.onmessage = ({ data }: MessageEvent<PlacedMessage | FailedMessage>) => answers.get(data.id)?.(data);
  started.onerror = () => {
    // What the worker had is lost; the next image starts another.
    if (worker === started) worker = undefined;
    started.terminate();
    for (const [id, answer] of answers) answer({ id, reason: "this browser could not place it" });
  };
  const target = { imageSize: info.imageSize, background: info.background };
  const urls = Object.fromEntries(placerFiles.map((name) => [name, files.url(bundleFiles[name])])) as Record<
    PlacerFile,
    string
  >;
  started.postMessage({ kind: "open", urls, map: target, diagonal } satisfies OpenMessage);
  return started;
}

async function ask(id: number): Promise<void> {
  const guest = guests.value.find((one) => one.id === id);
  if (!guest?.file) return;
  change(id, { server: { kind: "waiting" } });
  try {
    const spot = await askServer(guest.name, guest.file, apiKey.value);
    change(id, { server: { kind: "placed", ...spot } });
  } catch (error) {
    change(id, { server: { kind: "failed", reason: reasonOf(error) } });
  }
}

/** Nothing happens if the image was forgotten meanwhile. */
function change(id: number, changes: Partial<Guest>): void {
  guests.value = guests.value.map((guest) => (guest.id === id ? { ...guest, ...changes } : guest));
}
