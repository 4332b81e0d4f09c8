// A network's outputs as people read them: shares of classes, or numbers that stay as they are.

import { decimal, percent } from "../math/format.ts";
import { softmax } from "../math/softmax.ts";
import type { NetworkInfo } from "../network/network.ts";

/** One per class, in the order of `logits`. */
export const shares = ({ values }: NetworkInfo, logits: Float32Array): Float64Array =>
  values ? Float64Array.from(logits) : softmax(logits);

/** One of them in words. */
export const amount = ({ values }: NetworkInfo, share: number): string =>
  values ? decimal(share) : percent(share);
