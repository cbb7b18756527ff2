// Sends an image to the server that the page came from: it places it on the same map.

import { z } from "zod";

const answerSchema = z.object({
  results: z.array(z.object({ embedding: z.array(z.number()), novelty: z.number() })),
  errors: z.array(z.object({ message: z.string() })),
});

/** RFC 9457; `errors` where no image could be placed. */
const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

export interface ServerPlacement {
  readonly embedding: readonly number[];
  readonly novelty: number;
}

/** @throws Error whose message says in a line why there is no place */
export async function askServer(name: string, file: Blob, apiKey: string): Promise<ServerPlacement> {
  const body = new FormData();
  body.append("images", file, name);
  const headers = apiKey === "" ? undefined : { Authorization: `Bearer ${apiKey}` };
  const request = fetch("v1/embed?neighbours=12", { method: "POST", body, headers });
  const response = await request.catch(() => undefined);
  if (!response) throw new Error("the server did not answer");
  const content: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const problem = problemSchema.safeParse(content).data;
    const told = problem?.errors?.[0]?.message ?? problem?.detail ?? problem?.title;
    throw new Error(told ?? `the server answered ${response.status}`);
  }
  const answer = answerSchema.safeParse(content).data;
  const [placed] = answer?.results ?? [];
  if (!placed) throw new Error(answer?.errors[0]?.message ?? "the server's answer cannot be read");
  return placed;
}
