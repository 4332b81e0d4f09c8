// In the page of tools/page_trial.py: the book's own trainers, told what the widget tells them.

window.trial = (() => {
  const trainers = {};

  /** Until `heard` has an answer: what a trainer says is passed to it. */
  function until(net, heard) {
    return new Promise((resolve, reject) => {
      trainers[net].onmessage = ({ data }) => {
        if ("failed" in data) reject(new Error(data.failed));
        const answer = heard(data);
        if (answer !== undefined) resolve(answer);
      };
    });
  }

  async function seed(net, plan) {
    let [at, pace, accuracy] = [0, 0, 0];
    trainers[net].postMessage({ train: plan, from: null, paused: false });
    const began = performance.now();
    await until(net, (data) => {
      if ("steps" in data) ({ at, batch: pace } = data);
      if ("epoch" in data) accuracy = data.epoch.test_accuracy;
      return "over" in data ? true : undefined;
    });
    return { steps: at, pace, accuracy, seconds: (performance.now() - began) / 1000 };
  }

  return {
    async start(source, runtime, files) {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      for (const [net, file] of Object.entries(files)) {
        trainers[net] = new Worker(url);
        trainers[net].postMessage({ start: runtime, file });
        await until(net, (data) => ("ready" in data ? true : undefined));
      }
    },

    /** One seed of each of these networks, side by side. */
    async seeds(nets, plan) {
      const results = await Promise.all(nets.map((net) => seed(net, plan)));
      return Object.fromEntries(nets.map((net, i) => [net, results[i]]));
    },

    /** So many single steps from the plan's beginning, and the network then, as a file's bytes. */
    async steps(net, plan, count) {
      trainers[net].postMessage({ train: plan, from: null, paused: true });
      await until(net, (data) => ("made" in data || "gates" in data ? true : undefined));
      for (let done = 1; done <= count; done++) {
        trainers[net].postMessage({ step: true });
        await until(net, (data) => (data.at === done ? true : undefined));
      }
      trainers[net].postMessage({ save: {} });
      return Array.from(await until(net, (data) => data.saved));
    },
  };
})();
