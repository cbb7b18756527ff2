// What the page and the worker that places images say to each other.

import type { MapInfo } from "../models/bundle/map-info.ts";

/** What is needed of a map to place images. */
export const placerFiles = ["preprocess", "encoder", "neighbours", "features"] as const;
export type PlacerFile = (typeof placerFiles)[number];

export interface OpenMessage {
  readonly kind: "open";
  /** Absolute addresses of what places images. */
  readonly urls: Readonly<Record<PlacerFile, string>>;
  readonly map: Pick<MapInfo, "imageSize" | "background">;
  /** Of the map, in its units. */
  readonly diagonal: number;
}

export interface PlaceMessage {
  readonly kind: "place";
  readonly id: number;
  readonly file: Blob;
  /** Images that wait behind this one. */
  readonly waiting: number;
}

export interface PlacedMessage {
  readonly id: number;
  readonly embedding: readonly number[];
  readonly novelty: number;
  readonly preview: Blob;
  /** Where it was computed, in words. */
  readonly engine: string;
}

export interface FailedMessage {
  readonly id: number;
  readonly reason: string;
}
