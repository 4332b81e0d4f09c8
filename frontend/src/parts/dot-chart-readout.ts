// What a chart of excitations says of the channel that is pointed at, in two lines. Its numbers
// change and its nodes stay: others would have the page styled and laid out again.

import { comparedWith } from "../math/channels.ts";
import { decimal, signed } from "../math/format.ts";
import { h, p, say, set, span, symbol } from "./dom.ts";
import type { Excitations } from "./dot-chart-marks.ts";

export class Readout {
  readonly el: HTMLElement;
  private readonly how: HTMLElement;
  private readonly channel = h("span");
  private readonly z = h("span");
  private readonly s = h("span");
  private readonly gate: HTMLElement;
  private readonly mean = h("span");

  /** @param how to choose a channel */
  constructor(how: string) {
    const { channel, z, s, mean } = this;
    this.how = h("span", {}, how);
    this.gate = h("span", {}, channel, "map’s mean ", symbol("z"), z, "gate ", symbol("s"), s);
    const lines = span("senet-lines", this.how, this.gate, mean);
    this.el = p("senet-readout", lines);
  }

  /** Say how to choose one. */
  none(): void {
    this.turn(false);
  }

  /** @returns what it says */
  show({ answer, comparison, set: byHand }: Excitations, channel: number): string {
    const [z, s] = [answer.z[channel]!, answer.s[channel]!];
    const set = Number.isNaN(byHand?.[channel] ?? NaN) ? "" : ", set by hand";
    say(this.channel, `channel ${channel}: `);
    say(this.z, ` = ${decimal(z)}, `);
    say(this.s, ` = ${decimal(s)}${set}`);
    say(this.mean, compared(comparison, channel, s));
    this.turn(true);
    const { gate, mean } = this;
    return [gate, mean].flatMap(({ textContent }) => textContent || []).join("; ");
  }

  private turn(chosen: boolean): void {
    const { how, gate, mean } = this;
    set(how, { hidden: chosen });
    for (const line of [gate, mean]) set(line, { hidden: !chosen });
  }
}

/** A gate beside what it is compared with; "" for nothing. */
function compared(comparison: Excitations["comparison"], channel: number, s: number): string {
  if (!comparison.mean) return "";
  const mean = comparison.mean[channel]!;
  const each = comparison.each.map((row) => row[channel]!);
  const range = () => `${decimal(Math.min(...each))} to ${decimal(Math.max(...each))}`;
  const more = each.length > 0 ? range() : signed(s - mean);
  return `${comparedWith(comparison)}: ${decimal(mean)} (${more})`;
}
