// "Squeeze": an object on a picture, to be moved; the maps of a network's first SE block, computed
// as it moves; and one number of each.

import { decimal, signed } from "../math/format.ts";
import { button, div, h, p, set, span, symbol } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { arrows, paint, paintBytes, pressed } from "../parts/maps.ts";
import { type Menus, menus, numbered, titled } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";
import { type Made, type SqueezeData, SqueezeMaps, type SqueezeView } from "./squeeze-maps.ts";
import { squeezeTiles } from "./squeeze-tiles.ts";

const POOLS = { avg: "mean", max: "maximum" };

export function squeeze(root: HTMLElement, data: SqueezeData, keeper: Keeper): () => void {
  return new Squeeze(root, data, keeper).frame.end;
}

class Squeeze {
  readonly frame: Frame<SqueezeView>;
  private readonly data: SqueezeData;
  private readonly maps: SqueezeMaps;
  private rows: Cell[][] = [];
  private words = "";
  // ---- what it consists of
  private readonly menus: Menus<"object" | "ground" | "pool" | "channel">;
  private readonly shuffle = button("Shuffle each map", () =>
    this.frame.wish({ shuffled: !this.frame.now.shuffled }),
  );
  private readonly back = button("To the middle", () => this.frame.wish({ right: 0, down: 0 }));
  private readonly canvas: HTMLCanvasElement;
  private readonly place: HTMLElement;
  private readonly large: HTMLCanvasElement;
  private readonly most = h("span", { class: "senet-window", "aria-hidden": "true" });
  private readonly mapName = h("figcaption");
  private readonly made = p("senet-made");
  private readonly moved = p("senet-effect");
  private readonly tiles: ReturnType<typeof squeezeTiles>;
  private readonly table = numbers([
    {
      what: "the squeezes",
      name: () => {
        const { object, right, down } = this.frame.now;
        return `squeeze-${object}-${right}-${down}`;
      },
      grid: () => ({ caption: "What is left of each map", rows: this.rows }),
    },
  ]);

  constructor(root: HTMLElement, data: SqueezeData, keeper: Keeper) {
    const { size } = (this.data = data);
    this.maps = new SqueezeMaps(data);
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      object: ["Object", titled(data.objects)],
      ground: ["on", titled(data.grounds)],
      pool: ["Squeeze by", { avg: "average", max: "maximum" }],
      channel: ["Channel", numbered(this.maps.channels)],
    });
    this.canvas = h("canvas", { role: "img", width: size, height: size });
    this.large = h("canvas", { role: "img", width: size, height: size });
    this.place = h(
      "div",
      {
        class: "senet-place senet-grab",
        tabindex: 0,
        role: "application",
        "data-control": "object",
      },
      this.canvas,
    );
    this.tiles = squeezeTiles(size, (channel) => this.frame.wish({ channel }));
    this.listen();
    this.frame = widgetFrame<SqueezeView>(root, keeper, () => data, {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => this.draw(now),
      spoken: () => this.words,
    });
  }

  private layout(): Node[] {
    const { network, block } = this.data;
    return [
      div("senet-controls", ...this.menus.els),
      div(
        "senet-squeeze-row",
        h("figure", {}, this.place, h("figcaption", {}, "Drag the object, or use the arrow keys")),
        h(
          "figure",
          { "data-symbol": "u" },
          div("senet-place", this.large, this.most),
          this.mapName,
        ),
        div(
          "senet-squeeze-said",
          this.made,
          this.moved,
          span("senet-hand-buttons", this.back, this.shuffle),
        ),
      ),
      p(
        "senet-legend",
        h(
          "span",
          {},
          "All maps ",
          symbol("u"),
          ", and what is left of each: ",
          symbol("z"),
          ". A line across shows where it was with the object in the middle. Tap one.",
        ),
      ),
      this.tiles.el,
      p(
        "senet-about",
        `${network}, block ${block}: its maps are computed here, by its own first three convolutions, whenever something moves. Orange is below zero, violet above.`,
      ),
    ];
  }

  // ---- what the reader does

  private listen(): void {
    const { size } = this.data;
    let grip = [0, 0]; // where the hand is on the object, so that it does not jump
    pressed(this.place, (x, y, first) => {
      const [column, row] = [Math.floor(x * size), Math.floor(y * size)];
      const { right, down } = this.frame.now;
      if (first) grip = [column - right, row - down];
      else this.put(column - grip[0]!, row - grip[1]!);
    });
    arrows(this.place, (rows, columns) => {
      const { right, down } = this.frame.now;
      this.put(right + columns, down + rows);
    });
  }

  private put(right: number, down: number): void {
    const { reach } = this.data;
    const within = (value: number) => Math.max(-reach, Math.min(reach, value));
    this.frame.wish({ right: within(right), down: within(down) });
  }

  // ---- drawing

  private draw(now: SqueezeView): void {
    const made = this.maps.make(now);
    const { maps, z, before } = made;
    const word = POOLS[now.pool];
    this.menus.show(now);
    set(this.shuffle, { "aria-pressed": String(now.shuffled) });
    this.back.disabled = now.right === 0 && now.down === 0;
    this.drawPicture(now, made);
    this.drawMap(now, made);
    this.say(now, made);
    this.rows = [
      ["channel", word, `${word}, object in the middle`, "change"],
      ...Array.from(z, (value, k) => [k, value, before[k]!, value - before[k]!]),
    ];
    this.table.show();
    this.tiles.show({ maps, z, before, chosen: now.channel, far: this.maps.middle.far });
  }

  private drawPicture(now: SqueezeView, { shown }: Made): void {
    const title = this.title(now);
    const at = whereabouts(now);
    const ground = this.data.grounds.find(({ id }) => id === now.ground)!.title;
    paintBytes(this.canvas, shown);
    set(this.canvas, { "aria-label": `${title} on ${ground}, ${at}` });
    set(this.place, {
      "aria-label": `Move ${title}: it is ${at}. Arrow keys move it, with Shift eight pixels at a time.`,
      "data-right": now.right,
      "data-down": now.down,
    });
  }

  private drawMap({ channel: c, pool, shuffled }: SqueezeView, { map, z }: Made): void {
    const { size } = this.data;
    const far = map.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    paint(this.large, map, far);
    this.mapName.replaceChildren(symbol("u"), ` of channel ${c}${shuffled ? ", shuffled" : ""}`);
    const low = decimal(Math.min(...map), 2);
    set(this.large, { "aria-label": `Map of channel ${c}, from ${low} to ${decimal(far, 2)}` });
    const top = map.indexOf(z[c]!);
    const share = (place: number) => `${(100 * place) / size}%`;
    this.most.hidden = pool !== "max";
    this.most.style.cssText = `left:${share(top % size)};top:${share(Math.floor(top / size))};width:${share(1)};height:${share(1)}`;
  }

  private say(now: SqueezeView, { map, z, before }: Made): void {
    const pixels = map.length;
    const c = now.channel;
    const word = POOLS[now.pool];
    const total = map.reduce((a, b) => a + b, 0);
    const from =
      now.pool === "avg"
        ? [`(sum of ${pixels} pixels) / ${pixels}`, `${decimal(total, 1)} / ${pixels}`]
        : [`largest of ${pixels} pixels`];
    this.made.replaceChildren(
      symbol("z"),
      h("sub", {}, String(c)),
      ` = ${from.join(" = ")} = `,
      h("b", {}, decimal(z[c]!)),
    );
    const middle = this.maps.middle.maps.subarray(c * pixels, (c + 1) * pixels);
    const change = map.reduce((a, value, i) => a + Math.abs(value - middle[i]!), 0) / pixels;
    const still = now.right === 0 && now.down === 0 && !now.shuffled;
    this.moved.textContent = still
      ? `The object is in the middle. Move it: how far will the ${word} go?`
      : `Against the object in the middle, a pixel of this map changed by ${decimal(change)} on average; its ${word} by ${signed(z[c]! - before[c]!)}.`;
    this.words = `${this.title(now)}, ${whereabouts(now)}. Channel ${c}: ${word} ${decimal(z[c]!)}. ${still ? "" : this.moved.textContent}`;
  }

  private title({ object }: SqueezeView): string {
    return this.data.objects.find(({ id }) => id === object)!.title;
  }
}

function whereabouts({ right, down }: SqueezeView): string {
  if (right === 0 && down === 0) return "in the middle";
  const side = right === 0 ? "" : `${Math.abs(right)} ${right > 0 ? "right" : "left"}`;
  const level = down === 0 ? "" : `${Math.abs(down)} ${down > 0 ? "below" : "above"}`;
  return `${[side, level].filter(Boolean).join(" and ")} of the middle`;
}
