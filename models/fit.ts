/**
 * How a picture that is not square becomes one: "cover" cuts the longer sides, "contain" adds the background,
 * "fill" stretches.
 */
export const fits = ["cover", "contain", "fill"] as const;

export type Fit = (typeof fits)[number];
