// How a script that a page fetches hands over what it is for (see registry.ts, which the page has).

export function offer(name: string, data: unknown): void {
  const page = globalThis as unknown as { SENet?: { provide(name: string, data: unknown): void } };
  page.SENet?.provide(name, data);
}
