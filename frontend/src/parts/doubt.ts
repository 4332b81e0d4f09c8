// How far to trust an answer: whether the picture looks like anything that the network knows, and
// how often it was right when it was this sure. And what it knows, as a list.

import { percent } from "../math/format.ts";
import { softmax } from "../math/softmax.ts";
import { recordAt, score, unsure } from "../math/unfamiliar.ts";
import { type Answer, OWN, type PictureInfo, type Probe } from "../network/network.ts";
import { h } from "./dom.ts";

/** A sentence or two; "" where there is nothing to add, or nobody has measured it. */
export function doubt({ network, means }: Probe, picture: PictureInfo, answer: Answer): string {
  const { familiarity, classes } = network;
  if (!familiarity || !means) return "";
  const gates = answer.blocks.map(({ s }) => s);
  const strange = score(answer.logits, gates, means, familiarity) > familiarity.threshold;
  const unlike = "its gates are unlike those of any class";
  const [known, own] = [picture.label !== null, picture.id === OWN];
  if (strange && known) return `Yet ${unlike}: this warning errs.`;
  if (strange && !own) return `The network could tell: ${unlike}.`;
  if (strange) return `Perhaps it is none of its ${classes.length} classes: ${unlike}.`;
  const record = recordAt(Math.max(...softmax(answer.logits)), familiarity);
  const right = record && percent(record.right / record.of);
  if (unsure(record)) return `Not sure: of answers this flat on test pictures, ${right} are right.`;
  if (known) return "";
  if (!own) return "Its gates look like those of a class that it knows.";
  return right ? `When it was this sure, it was right on ${right} of its test pictures.` : "";
}

/** All that a network can answer, and how well its warning works. */
export function knownClasses({ network }: Probe): HTMLElement {
  const { classes, familiarity, values } = network;
  const said: string[] = [];
  if (familiarity) {
    const { inside, outside } = familiarity;
    const share = ({ unfamiliar, of }: { unfamiliar: number; of: number }) =>
      percent(unfamiliar / of);
    const others = Object.entries(outside).map(([what, counted]) => `${share(counted)} (${what})`);
    said.push(
      `It warns of pictures that look like none of these. The warning errs: it comes for ${share(inside)} of ` +
        `pictures of these classes, and of other pictures it finds ${others.join(", ")}.`,
    );
  }
  return h(
    "details",
    { class: "senet-known" },
    h(
      "summary",
      {},
      `The ${classes.length} ${values ? "outputs that it has" : "classes that it knows"}`,
    ),
    h("p", {}, `${classes.join(", ")}.`),
    ...said.map((words) => h("p", {}, words)),
  );
}
