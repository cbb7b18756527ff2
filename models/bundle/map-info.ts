// map.json: what a trained map says about itself. The types are derived from the schema that checks the file.

import { z } from "zod";
import { fits } from "../fit.ts";

/** Raised when a reader of an earlier version could no longer use the map. */
export const SCHEMA_VERSION = 1;

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

/** The name of a file within the bundle. Bundles are passed around, so a name must not lead out of the folder. */
const fileName = z
  .string()
  .refine((name) => name.split("/").every((part) => /^(?!\.\.?$)[^\\:\0]+$/.test(part)), {
    error: "a file name must stay within the bundle",
  });

const lossSchema = z.object({
  kernel: z.string(),
  /** ν of the kernel student-t. */
  degreesOfFreedom: z.number(),
  temperature: z.number(),
  learnTemperature: z.boolean(),
});

const optimizerSchema = z.object({
  optimizer: z.string(),
  momentum: z.number(),
  weightDecay: z.number(),
  clipValue: z.number(),
});

/** A stage as it was run. */
export const stageInfoSchema = z.object({
  name: z.string(),
  /** What was pulled together: views of one image, or neighbours. */
  pairs: z.string(),
  /** What was fed: images, or features computed once. */
  input: z.string(),
  trains: z.string(),
  outDim: z.int().positive(),
  lastLayer: z.string(),
  /** Of the projection head; absent in older maps, where it was 1. */
  hiddenLayers: z.int().positive().optional(),
  epochs: z.number().nonnegative(),
  warmupEpochs: z.number().nonnegative(),
  /** Highest rate, for a batch of 256 images. */
  learningRate: z.number(),
  schedule: z.string(),
  loss: lossSchema,
  optimizer: optimizerSchema,
});

/** Share of images whose label is that of most of their k nearest references. */
export const knnScoreSchema = z.object({
  accuracy: share,
  k: z.int().positive(),
  queries: count,
  references: count,
});

/** Mean silhouette of the labels on the map, −1 … 1, over so many images. */
export const silhouetteScoreSchema = z.object({ silhouette: z.number().min(-1).max(1), images: count });

/** Share of the k nearest in feature space that are also among the k nearest on the map, over so many images. */
export const recallScoreSchema = z.object({ recall: share, k: z.int().positive(), images: count });

/** How good the map is; what needs labels is absent without them. */
export const scoresSchema = z.object({
  /** On the map, the finished map split at random. */
  knnPaper: knnScoreSchema.optional(),
  /** On the map, images that were not trained on against those that were. */
  knnHeldOut: knnScoreSchema.optional(),
  /** In feature space by the cosine, the same random split. */
  knnFeatures: knnScoreSchema.optional(),
  silhouette: silhouetteScoreSchema.optional(),
  neighbourRecall: recallScoreSchema.optional(),
});

const fileSchema = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: count });

export const mapInfoSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  id: z.string().min(1),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** Side of the pictures the encoder takes, in pixels. */
  imageSize: z.int().positive(),
  /** Side of the thumbnails, in pixels; absent in older maps (see thumbnails.ts). */
  thumbnailSize: z.int().positive().optional(),
  /** Dimensions of the map. */
  outDim: z.union([z.literal(2), z.literal(3)]),
  fit: z.enum(fits),
  /** Colour behind transparent pictures and around contained ones, RGB 0 … 255. */
  background: z.tuple([z.int(), z.int(), z.int()]),
  /** Kernel of the last stage. */
  kernel: z.string(),
  // Names of backbones and the like are free: encoder.onnx holds the network, they only tell what it was.
  network: z.object({
    backbone: z.string(),
    stem: z.string(),
    width: z.number().positive(),
    projectionHead: z.string(),
    hiddenDim: z.int().positive(),
    featureDim: z.int().positive(),
  }),
  stages: z.array(stageInfoSchema),
  augmentations: z.string(),
  batchSize: z.int().positive(),
  seed: z.int(),
  /** Labels that occur, sorted; empty without labels. */
  classes: z.array(z.string()),
  counts: z.object({
    images: count,
    skipped: count,
    otherFiles: count,
    /** Images that show the same as one before them; absent in older maps. */
    duplicates: count.optional(),
  }),
  /** What could not be used, and why. */
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** Extent of the points along each axis. */
  bounds: z.object({ min: z.array(z.number()), max: z.array(z.number()) }),
  scores: scoresSchema,
  /** Versions of what the map was made with, by name. */
  versions: z.record(z.string(), z.string()),
  /** Every other file of the bundle. */
  files: z.record(fileName, fileSchema),
});

export type MapInfo = z.infer<typeof mapInfoSchema>;
export type MapInfoWithoutFiles = Omit<MapInfo, "files">;
/** What an answer names its map by. */
export type IdAndName = Pick<MapInfo, "id" | "name">;
export type StageInfo = z.infer<typeof stageInfoSchema>;
export type KnnScore = z.infer<typeof knnScoreSchema>;
export type SilhouetteScore = z.infer<typeof silhouetteScoreSchema>;
export type RecallScore = z.infer<typeof recallScoreSchema>;
export type Scores = z.infer<typeof scoresSchema>;

export function idAndName({ id, name }: IdAndName): IdAndName {
  return { id, name };
}
