// Files as a page has them: gzip inside base64, since a script is all that loads from file://, and
// this way it is small on any server.

import { fromBase64 } from "../src/math/packed.ts";

export async function unzip(text: string): Promise<ArrayBuffer> {
  // Not by a Blob's stream: in the worker of a page from file://, WebKit reads none.
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const written = writer.write(fromBase64(text)).then(() => writer.close());
  const [unzipped] = await Promise.all([new Response(readable).arrayBuffer(), written]);
  return unzipped;
}

export const words = (error: unknown) => (error instanceof Error ? error.message : String(error));
