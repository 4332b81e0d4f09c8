// The large scripts of `live/`, fetched with progress and a way to stop; from file:// and in a
// sandboxed frame, where nothing can be fetched, loaded as scripts.

import { address, need } from "./registry.ts";

export type Manifest = Record<string, number>;

/** Seconds without a byte after which a download is given up. */
const PATIENCE = 20;

/** Load `live/<name>.js` for each name, one after the other. @returns what each provides */
export async function download(
  names: string[],
  manifest: Manifest,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const texts: string[] = [];
  let before = 0;
  for (const name of names) {
    const expected = manifest[name];
    if (expected === undefined) throw new Error(`this book has no live/${name}.js`);
    if (location.protocol === "file:" || origin === "null")
      texts.push(await abortable(need<string>(`live/${name}`), signal));
    else
      texts.push(
        provided(await fetched(name, expected, (bytes) => progress(before + bytes), signal)),
      );
    progress((before += expected));
  }
  return texts;
}

export const total = (names: string[], manifest: Manifest) =>
  names.reduce((sum, name) => sum + (manifest[name] ?? 0), 0);

async function fetched(
  name: string,
  expected: number,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const abort = new AbortController();
  const give = () => abort.abort(signal.reason);
  signal.addEventListener("abort", give);
  if (signal.aborted) give();
  let silent = 0;
  // Counts the seconds that the page lives through: one that was frozen meanwhile has not been
  // waiting.
  const patience = setInterval(() => {
    if (++silent >= PATIENCE) abort.abort(new Error(`nothing has come for ${PATIENCE} seconds`));
  }, 1000);
  try {
    const response = await fetch(address(`live/${name}`), { signal: abort.signal });
    if (!response.ok || !response.body)
      throw new Error(`${name}.js: the server answers ${response.status}`);
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let [text, bytes] = ["", 0];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      silent = 0;
      // unpacked, and so counted against the file's own size whatever the server did to it
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
      progress(bytes);
    }
    text += decoder.decode();
    // Git and some archivers write a line's end in two bytes; nothing else in the file is one.
    bytes -= text.match(/\r\n/g)?.length ?? 0;
    if (bytes !== expected) throw new Error(`${name}.js has ${bytes} of ${expected} bytes`);
    return text;
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    throw error instanceof TypeError
      ? new Error(`${name}.js could not be fetched: is there a connection?`)
      : error; // what fetch says is each browser's own
  } finally {
    clearInterval(patience);
    signal.removeEventListener("abort", give);
  }
}

/** The text in `SENet.provide("name","text");`. */
export function provided(script: string): string {
  const call = /^SENet\.provide\("[^"]+",/.exec(script);
  const end = script.lastIndexOf(");");
  if (!call || end < 0) throw new Error("a file of the network is damaged");
  return JSON.parse(script.slice(call[0].length, end)) as string;
}

/** `promise`, or what `signal` is aborted with. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}
