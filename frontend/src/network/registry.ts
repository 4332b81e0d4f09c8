// Data that pages load on demand, as classic scripts that call `SENet.provide(name, data)`: those
// work from file://, where fetch doesn't.

const provided = new Map<string, unknown>();
const waiting = new Map<string, Promise<unknown>>();

// Everything lies beside page.js, whatever folder the page is in and wherever the book is served.
const here = globalThis.document
  ? ((document.currentScript as HTMLScriptElement | null)?.src ?? location.href)
  : ""; // none in the tests

/** Called by the data's own script. */
export function provide(name: string, data: unknown): void {
  provided.set(name, data);
}

/** Load `<name>.js` once. After a failure the next call tries again. */
export function need<T>(name: string): Promise<T> {
  let loading = waiting.get(name);
  if (!loading) {
    loading = provided.has(name) ? Promise.resolve(provided.get(name)) : load(name);
    waiting.set(name, loading);
    loading.catch(() => waiting.delete(name));
  }
  return loading as Promise<T>;
}

function load(name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address(name);
    script.onload = () => {
      script.remove();
      if (provided.has(name)) resolve(provided.get(name));
      else reject(new Error(`${script.src} holds something else`));
    };
    script.onerror = () => {
      script.remove();
      reject(new Error(`${script.src} could not be loaded`));
    };
    document.head.append(script);
  });
}

/** Where `<name>.js` lies. */
export function address(name: string): string {
  return beside(`${name}.js`);
}

/** Where a file beside page.js lies. */
export function beside(file: string): string {
  return new URL(file, here).href;
}
