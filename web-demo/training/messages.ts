// What the page and the worker that trains say to each other.

import type { MapInfo, Scores } from "../../models/bundle/map-info.ts";
import type { AugmentationPolicyName } from "../../training/augmentations/policy.ts";
import type { Skipped } from "../../training/dataset/skipped.ts";
import type { LogRecord } from "../../training/stages/log.ts";
import type { RunSettings, StageSettings } from "../../training/stages/settings.ts";
import type { BroughtFile } from "../drop.ts";
import type { EngineName } from "./engines.ts";

/** What can be chosen before a run. */
export interface TrainOptions {
  /** Of the map. */
  readonly name: string;
  /** Of the three stages; may be fractional, and 0. */
  readonly epochs: readonly [number, number, number];
  /** Side of the pictures, in pixels. */
  readonly imageSize: number;
  /** Fitted to the number of images, as in Node. */
  readonly batchSize: number;
  readonly augmentations: AugmentationPolicyName;
  readonly engine: EngineName | "auto";
  readonly seed: number;
}

/** Images to train on: files, or the pictures of the map beside the page. */
export type Images =
  | { readonly kind: "files"; readonly files: readonly BroughtFile[] }
  | { readonly kind: "map"; readonly base: string };

export type TrainerRequest =
  | { readonly kind: "start"; readonly images: Images; readonly options: TrainOptions }
  | { readonly kind: "resume" }
  /** Saves a checkpoint and ends. */
  | { readonly kind: "pause" }
  | { readonly kind: "drawn"; readonly png: Uint8Array };

/** What the page is to know of the images: to show them. */
export interface ImagesMessage {
  readonly kind: "images";
  readonly name: string;
  readonly settings: RunSettings;
  readonly count: number;
  readonly skipped: readonly Skipped[];
  /** Which images the live map shows. */
  readonly shown: Uint32Array;
  /** Their pictures, uint8 [shown.length, S, S, 3]. */
  readonly pixels: Uint8Array;
  readonly labels: readonly (string | null)[];
}

export interface StepMessage {
  readonly kind: "step";
  /** From 1. */
  readonly stage: number;
  readonly name: StageSettings["name"];
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
}

export type TrainerReply =
  | { readonly kind: "reading"; readonly done: number; readonly total: number; readonly skipped: number }
  | ImagesMessage
  /** Where it runs, in words. */
  | { readonly kind: "engine"; readonly engine: string }
  | StepMessage
  | { readonly kind: "log"; readonly records: readonly LogRecord[] }
  /** The images that are shown, on the plane: float32 [shown.length, 2]. */
  | { readonly kind: "live"; readonly coordinates: Float32Array }
  | { readonly kind: "making"; readonly done: number; readonly total: number }
  /** Asks for a PNG: the map's pixels, uint8 [height, width, 3], and an SVG to lay over the whole. */
  | {
      readonly kind: "draw";
      readonly pixels: Uint8ClampedArray;
      readonly width: number;
      readonly height: number;
      /** Where in the whole the pixels begin. */
      readonly top: number;
      readonly total: { readonly width: number; readonly height: number };
      readonly svg: string;
      /** CSS colour. */
      readonly background: string;
    }
  | { readonly kind: "paused" }
  | {
      readonly kind: "done";
      readonly name: string;
      readonly counts: MapInfo["counts"];
      readonly scores: Scores;
    }
  | { readonly kind: "failed"; readonly reason: string };
