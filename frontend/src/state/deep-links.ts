// What drives a page's widgets from outside: an address, wherever it comes from. A widget is known
// by its key, the word before the dot in `shallow-deep.order`. Where it has not come alive yet, its
// address waits for it.

export interface Driven {
  /** What an address would hold of it now. */
  address(): URLSearchParams;
  /** Show what an address holds; what it leaves out is as at the start. */
  go(query: URLSearchParams): void;
}

const widgets = new Map<string, Driven>();
const waiting = new Map<string, URLSearchParams>();

export function drivable(key: string, driven: Driven): () => void {
  widgets.set(key, driven);
  const query = waiting.get(key);
  waiting.delete(key);
  if (query) queueMicrotask(() => driven.go(query)); // once the widget has been put together
  return () => void widgets.delete(key);
}

export function go(key: string, query: URLSearchParams): void {
  const widget = widgets.get(key);
  if (widget) widget.go(query);
  else waiting.set(key, query);
}

/** What an address would hold of the widget now; null while it is not alive. */
export function addressOf(key: string): URLSearchParams | null {
  return widgets.get(key)?.address() ?? null;
}
