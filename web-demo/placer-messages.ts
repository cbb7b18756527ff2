// What the page and the worker that places images say to each other.

import type { MapInfo } from "../models/bundle/map-info.ts";

export interface OpenMessage {
  readonly kind: "open";
  /** Absolute address of the folder of the map, with a slash at its end. */
  readonly mapUrl: string;
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
