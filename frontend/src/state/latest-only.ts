// One question at a time, and of those that wait only the newest: a hand on a slider asks faster
// than a network answers.

/** What an older question gets when a newer one has taken its place. */
export class Superseded extends Error {
  constructor() {
    super("a newer question has taken its place");
  }
}

/**
 * `ask` with at most one call under way; a call that waited and was overtaken rejects with
 * `Superseded`.
 */
export function latestOnly<A extends unknown[], T>(
  ask: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  let busy = false;
  let next: { args: A; resolve: (value: T) => void; reject: (error: unknown) => void } | null =
    null;

  async function run({ args, resolve, reject }: NonNullable<typeof next>): Promise<void> {
    busy = true;
    try {
      resolve(await ask(...args));
    } catch (error) {
      reject(error);
    }
    busy = false;
    const waiting = next;
    next = null;
    if (waiting) void run(waiting);
  }

  return (...args) =>
    new Promise((resolve, reject) => {
      const question = { args, resolve, reject };
      if (!busy) return void run(question);
      next?.reject(new Superseded());
      next = question;
    });
}

/**
 * `ask` for what `root` shows, which says that it is busy meanwhile; null where something else was
 * asked for since.
 */
export function asking<A extends unknown[], T>(
  root: Element,
  ask: (...args: A) => Promise<T>,
): (...args: A) => Promise<T | null> {
  const question = latestOnly(ask);
  let asked = 0;
  return async (...args) => {
    const ticket = ++asked;
    root.setAttribute("aria-busy", "true");
    try {
      const answer = await question(...args);
      return ticket === asked ? answer : null;
    } catch (error) {
      if (ticket === asked) throw error;
      return null; // a newer question is under way, and its answer is what counts
    } finally {
      if (ticket === asked) root.removeAttribute("aria-busy");
    }
  };
}
