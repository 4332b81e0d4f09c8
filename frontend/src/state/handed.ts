// A network that one page of the book hands to the explorer's. It stays in the browser's database.

import { keep, recall } from "./kept.ts";

const KEY = "handed:1";
/** What the explorer's address ends with when it is asked to open it. */
export const HANDED = "#trained";

export interface Handed {
  file: File;
  /** The network of the book that knows the same pictures and classes. */
  like: string;
}

export const handOver = (network: Handed): Promise<void> => keep(KEY, network);

/** The network that this page was asked to open; null where it was not asked, or has none. */
export async function handed(): Promise<Handed | null> {
  return location.hash === HANDED ? recall<Handed>(KEY) : null;
}
