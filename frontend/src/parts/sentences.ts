// What the charts of a network show, in sentences.

import { type Comparison, comparedWith, distance } from "../math/channels.ts";
import { decimal, percent } from "../math/format.ts";
import { largest } from "../math/softmax.ts";
import type { Answer, NetworkInfo, Probe } from "../network/network.ts";
import { amount, shares } from "./shares.ts";

/** What a chart shows, in a sentence. */
export function summed(s: Float32Array, comparison: Comparison): string {
  const { mean, each } = comparison;
  const [low, high] = [largest(s, s.length).at(-1)!, largest(s, 1)[0]!];
  const extent = `Gates s range from ${decimal(s[low]!, 2)} (channel ${low}) to ${decimal(s[high]!, 2)} (channel ${high})`;
  if (!mean) return `${extent}.`;
  if (each.length === 0)
    return `${extent}; on average ${decimal(distance(s, mean))} away from ${comparison.called ?? `the ${comparedWith(comparison)}`}.`;
  const apart = each.reduce((sum, row) => sum + distance(row, mean), 0) / each.length;
  return `${extent}; the classes’ means lie on average ${decimal(apart)} away from their middle.`;
}

/** What a picture is taken for, and how surely. */
export function taken({ pictures, network }: Probe, index: number, { logits }: Answer): string {
  const top = largest(logits, 1)[0]!;
  const sure = amount(network, shares(network, logits)[top]!);
  const how = network.values ? "Its largest is" : "Taken for";
  return `${pictures[index]!.title}. ${how} ${network.classes[top]!}, ${sure}.`;
}

/** Whose answers these are, and how far to trust them. */
export function introduced({ network: { title, accuracy }, engine }: Probe): string {
  const name = title || "This network";
  return accuracy === null
    ? `${name}, ${engine}.`
    : `${name}, right on ${percent(accuracy)} of its test pictures; ${engine}.`;
}

/**
 * @param count gates that are set
 * @param done what they did, null while nobody can answer for them
 * @param ready whether the network runs
 */
export function handWords(
  count: number,
  done: { plain: Answer; answer: Answer; network: NetworkInfo } | null,
  ready: boolean,
): string {
  if (count === 0)
    return ready ? "All gates are the network’s own." : "The first pull fetches the network.";
  const set = `${count} gate${count === 1 ? " is" : "s are"} set by hand`;
  if (!done)
    return `${set}; the prediction answers when the network runs in this page (see above).`;
  const { plain, answer, network } = done;
  const { classes } = network;
  const [before, after] = [plain, answer].map(({ logits }) => largest(logits, 1)[0]!) as [
    number,
    number,
  ];
  const share = ({ logits }: Answer) => amount(network, shares(network, logits)[before]!);
  const words = `${set}: ${classes[before]} goes from ${share(plain)} to ${share(answer)}`;
  if (before === after) return `${words}.`;
  return network.values
    ? `${words}, and ${classes[after]} is now the largest.`
    : `${words}, and it is now taken for ${classes[after]}.`;
}
