/** Names of the files of a bundle. Thumbnail sheets are named in thumbnails.ts. */
export const bundleFiles = {
  info: "map.json",
  preprocess: "preprocess.onnx",
  encoder: "encoder.onnx",
  neighbours: "neighbours.onnx",
  points: "points.parquet",
  features: "features.safetensors",
  picture: "map.png",
  report: "report.html",
  training: "training",
} as const;
