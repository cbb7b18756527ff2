/** The bytes at an address. @throws if there is no answer, or another one than the file */
export async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetchFile(url)).arrayBuffer());
}

/** What is at an address. @throws if there is no answer, or another one than the file */
export async function fetchFile(url: string): Promise<Response> {
  const name = url.slice(url.lastIndexOf("/") + 1);
  const response = await fetch(url).catch(() => undefined);
  if (!response) throw new Error(`${name} could not be loaded: there was no answer`);
  if (!response.ok) throw new Error(`${name} could not be loaded: the answer was ${response.status}`);
  return response;
}
