// In the page of tools/engine_bench.py: the book's own worker with the book's own runtime, asked as the book asks, and timed.

window.bench = (() => {
  const packed = {}; // graphs as the book packs them, by name
  const waiting = new Map();
  let pictures, size, worker;
  let asked = 0;

  function call(question) {
    const id = ++asked;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ ...question, id });
    });
  }

  async function timed(question) {
    const began = performance.now();
    await call(question);
    return (performance.now() - began) / 1000;
  }

  return {
    isolated: () => window.crossOriginIsolated, // or clocks tick in tenths of a millisecond

    async start(source, runtime) {
      worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      worker.onmessage = ({ data }) => {
        const { resolve, reject } = waiting.get(data.id);
        waiting.delete(data.id);
        if ("failed" in data) reject(new Error(data.failed));
        else resolve(data);
      };
      worker.onerror = (event) => {
        for (const { reject } of waiting.values()) reject(new Error(event.message || "the worker does not start"));
      };
      await call({ start: runtime });
    },

    show(all, side) {
      [pictures, size] = [all.map((values) => Float32Array.from(values)), side];
    },

    keep(graph, text) {
      packed[graph] = text;
    },

    /** Seconds from the packed text to a session; an earlier one of this name is closed. */
    open: (name, graph, blocks, level) => timed({ open: name, model: packed[graph], blocks, level }),

    /** Seconds from a picture to logits, z and s, on average over so many questions in a row, as from a slider that is dragged. */
    async ask(name, picture, times) {
      let seconds = 0;
      for (let i = 0; i < times; i++) seconds += await timed({ ask: name, picture: pictures[picture], size, gates: null, map: null });
      return seconds / times;
    },

    /** Open a file as the page opens one that is dropped. @returns how many gates it has */
    async drop(name, file) {
      const bytes = Uint8Array.from(atob(file), (sign) => sign.charCodeAt(0));
      const way = { mean: [0, 0, 0], std: [1, 1, 1] };
      const { dropped } = await call({ drop: name, file: bytes, way });
      return dropped.gates.reduce((sum, { channels }) => sum + channels, 0);
    },

    /** Seconds from a pull of the first gate to its answer. */
    pull(name, picture, width) {
      const gates = new Float32Array(width).fill(NaN);
      gates[0] = 0;
      return timed({ ask: name, picture: pictures[picture], size, gates, map: null });
    },

    /** What it answers: the outputs, one after the other. */
    async answer(name, picture) {
      const { outputs } = await call({ ask: name, picture: pictures[picture], size, gates: null, map: null });
      return outputs.map((values) => Array.from(values));
    },
  };
})();
