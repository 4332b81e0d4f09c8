// "Attribution": a dot a channel, its gate to the right and what a method attributes to it upwards;
// and the picture, with the parts that opened the gate of the chosen channel. All of it was
// computed by torch (senet/widgets/attribution.py).
//
//   picture, block, method ──▶ dots ──tap or arrow keys──▶ one channel ──▶ its words, and what opened it, over the picture

import { axis } from "../math/channels.ts";
import { decimal, percent, signed } from "../math/format.ts";
import { type Packed, unpack } from "../math/packed.ts";
import { place, spearman, top } from "../math/ranks.ts";
import { choice, h, matched, set, svg, symbol } from "../parts/dom.ts";
import { pictures, type Shown, widgetFrame } from "../parts/frame.ts";
import { type Grid, numbers } from "../parts/grid.ts";
import type { Keeper } from "../state/keeper.ts";

const METHODS = ["ablation", "integrated", "conductance"] as const;
type Method = (typeof METHODS)[number];
const METHOD_WORDS: Record<Method, string> = {
  ablation: "close this gate alone",
  integrated: "open all gates together (integrated gradients)",
  conductance: "from a blank picture to this one (conductance)",
};
const SHORT: Record<Method, string> = {
  ablation: "ablation",
  integrated: "integrated gradients",
  conductance: "conductance",
};
const TOP = 0.25; // as in senet.importance
// of the drawing, and of the room for its scales
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [440, 330, 58, 46];

type Block = { name: string; title: string; channels: number; s: Packed; opened: Packed } & Record<
  Method,
  Packed
>;

export interface AttributionData {
  network: string;
  /** Windows along a side of the picture. */
  grid: number;
  pictures: (Shown & { answer: string; probability: number })[];
  /** Each (pictures, C), and `opened` (pictures, C, grid, grid). */
  blocks: Block[];
}

type AttributionView = {
  picture: string;
  block: string;
  method: Method;
  channel: number;
  overlay: "on" | "off";
};

export function attribution(root: HTMLElement, data: AttributionData, keeper: Keeper): () => void {
  const { grid } = data;
  const unpacked = new Map<Packed, Float32Array>();
  let words = "";
  let order: number[] = []; // channels from left to right

  const gallery = pictures(data.pictures, (picture) => frame.wish({ picture }));
  const block = choice("Block", (name) => frame.wish({ block: name }));
  block.select.append(
    ...data.blocks.map(({ name, title, channels }) =>
      h("option", { value: name }, `${title} (${channels} channels)`),
    ),
  );
  const method = choice("Method", (name) => frame.wish({ method: name }));
  method.select.append(...METHODS.map((name) => h("option", { value: name }, METHOD_WORDS[name])));
  const channel = choice("Channel", (c) => frame.wish({ channel: c }));
  const box = h("input", {
    type: "checkbox",
    onchange: () => frame.wish({ overlay: box.checked ? "on" : "off" }),
  });
  const overlay = h("label", { class: "senet-check" }, box, " Show what opened its gate");

  const [lines, names, dots] = [
    svg("g", { class: "senet-scatter-grid" }),
    svg("g"),
    svg("g", { class: "senet-scatter-dots" }),
  ];
  const ring = svg("circle", { r: 9, class: "senet-ring" });
  const plot = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    lines,
    names,
    dots,
    ring,
  );
  const slider = h(
    "div",
    {
      class: "senet-scatter",
      role: "slider",
      tabindex: 0,
      "aria-label": "Channels, by how far their gates are open",
      "aria-valuemin": 1,
      onclick: pointed,
      onkeydown: pressed,
    },
    plot,
  );
  const image = svg("image", { width: grid, height: grid });
  const cells = svg("g");
  const shown = svg(
    "svg",
    { viewBox: `0 0 ${grid} ${grid}`, role: "img", class: "senet-opened" },
    image,
    cells,
  );
  const answer = h("p", { class: "senet-about" });
  const one = h("p", { class: "senet-effect" });
  const all = h("p", { class: "senet-effect" });
  const table = numbers([
    {
      what: "the channels",
      name: () => `attribution-${frame.now.picture}-${frame.now.block}`,
      grid: channelGrid,
    },
    {
      what: "what opened the gate",
      name: () => `opened-${frame.now.picture}-${frame.now.block}-${frame.now.channel}`,
      grid: openedGrid,
    },
  ]);
  const key = h(
    "p",
    { class: "senet-legend" },
    h("span", { class: "senet-key senet-key-s" }, "a channel"),
    h("span", { class: "senet-key senet-key-ring" }, "the chosen one"),
    h(
      "span",
      {},
      "+ covering this part closes its gate: it opened it; − covering it opens the gate further",
    ),
  );

  const frame = widgetFrame<AttributionView>(root, keeper, () => data, {
    body: [
      gallery.el,
      h("div", { class: "senet-controls" }, block.el, method.el, channel.el, overlay),
      h("div", { class: "senet-attribution" }, slider, h("div", {}, shown, answer)),
      one,
      all,
      key,
      table.el,
      h(
        "p",
        { class: "senet-about" },
        `${data.network}. Attributed to the logit of the class that the network names. Computed in PyTorch, by Captum; stored in 65,536 steps, what opened a gate in 256.`,
      ),
    ],
    draw,
    spoken: () => words,
  });
  return frame.end;

  /** The chosen picture's row of a packed array whose rows are `width` long. */
  function row(packed: Packed, index: number, width: number): Float32Array {
    if (!unpacked.has(packed)) unpacked.set(packed, unpack(packed));
    return unpacked.get(packed)!.subarray(index * width, (index + 1) * width);
  }

  function at(now: AttributionView) {
    const index = data.pictures.findIndex(({ id }) => id === now.picture);
    const here = data.blocks.find(({ name }) => name === now.block)!;
    const get = (what: "s" | Method) => row(here[what], index, here.channels);
    return {
      index,
      here,
      s: get("s"),
      found: get(now.method as Method),
      get,
      c: now.channel,
    };
  }

  function draw(now: AttributionView): void {
    const { index, here, s, found, c } = at(now);
    const picture = data.pictures[index]!;
    gallery.choose(now.picture);
    [block.select.value, method.select.value, box.checked] = [
      now.block,
      now.method,
      now.overlay === "on",
    ];
    matched(channel.select, here.channels, () => h("option")).forEach((option, k) => {
      option.value = String(k);
      option.textContent = String(k);
    });
    channel.select.value = String(now.channel);
    order = Array.from(s, (_, k) => k).sort((i, j) => s[i]! - s[j]! || i - j);
    drawDots(s, found, c);
    drawOpened(openedBy(now), picture, c, now.overlay === "on");
    answer.textContent = `${picture.title}, taken for ${picture.answer} (${percent(picture.probability)})`;
    const size = found.map(Math.abs);
    const by = SHORT[now.method as Method];
    one.replaceChildren(
      `Channel ${c}: gate `,
      symbol("s"),
      ` = ${decimal(s[c]!)}, ${ordinal(place(s, c))} widest open of ${here.channels}. By ${by} ${signed(found[c]!)} logits for “${picture.answer}”, ${ordinal(place(size, c))} in size.`,
    );
    const most = Math.max(1, Math.round(TOP * here.channels));
    const [open, matter] = [top(s, most), top(size, most)];
    const both = [...open].filter((k) => matter.has(k)).length;
    const rank = spearman(s, size);
    all.textContent = `All ${here.channels}: rank correlation of gate and size ${rank === null ? "undefined" : signed(rank, 2)}. Of the ${most} widest open, ${both} ${both === 1 ? "is" : "are"} among the ${most} that matter most by ${by}; by chance it would be ${decimal((most * most) / here.channels, 1)}.`;
    words = `${one.textContent} ${all.textContent}`;
    set(slider, {
      "aria-valuemax": here.channels,
      "aria-valuenow": order.indexOf(c) + 1,
      "aria-valuetext": one.textContent,
      "data-correlation": rank,
      "data-overlap": both,
    });
    table.show();
  }

  function drawDots(s: Float32Array, found: Float32Array, chosen: number): void {
    const [across, up] = [axis("fitted", [], [s]), axis("fitted", [[0, 0]], [found])];
    const x = (value: number) =>
      LEFT + ((value - across.low) / (across.high - across.low)) * (WIDTH - LEFT - 12);
    const y = (value: number) =>
      12 + ((up.high - value) / (up.high - up.low)) * (HEIGHT - BOTTOM - 12);
    const digits = (ticks: number[]) =>
      ticks.some((t) => Math.abs(t * 10 - Math.round(t * 10)) > 1e-6)
        ? ticks.some((t) => Math.abs(t * 100 - Math.round(t * 100)) > 1e-6)
          ? 3
          : 2
        : 1;
    const ruled = [
      ...across.ticks.map((t) => ({ t, up: true })),
      ...up.ticks.map((t) => ({ t, up: false })),
    ];
    matched(lines, ruled.length, () => svg("path")).forEach((line, i) => {
      const { t, up: vertical } = ruled[i]!;
      set(line, {
        d: vertical ? `M${x(t)} 12V${HEIGHT - BOTTOM}` : `M${LEFT} ${y(t)}H${WIDTH - 12}`,
        "data-zero": !vertical && t === 0,
      });
    });
    const said = [
      ...across.ticks.map((t) => ({
        x: x(t),
        y: HEIGHT - BOTTOM + 17,
        text: decimal(t, digits(across.ticks)),
        anchor: "middle",
      })),
      ...up.ticks.map((t) => ({
        x: LEFT - 6,
        y: y(t) + 5,
        text: decimal(t, digits(up.ticks)),
        anchor: "end",
      })),
      { x: (LEFT + WIDTH) / 2, y: HEIGHT - 6, text: "gate s", anchor: "middle" },
      {
        x: 0,
        y: 0,
        text: "attribution, logits",
        anchor: "middle",
        turned: `translate(13 ${(HEIGHT - BOTTOM) / 2}) rotate(-90)`,
      },
    ];
    matched(names, said.length, () => svg("text")).forEach((name, i) => {
      const { text, anchor, turned, ...where } = said[i]! as (typeof said)[number] & {
        turned?: string;
      };
      set(name, { ...where, "text-anchor": anchor, transform: turned ?? null });
      name.textContent = text;
    });
    matched(dots, s.length, () => svg("circle", { r: 4 })).forEach((dot, k) => {
      set(dot, {
        cx: x(s[k]!),
        cy: y(found[k]!),
        "data-channel": k,
        "data-value": s[k]!,
        "data-attribution": found[k]!,
      });
    });
    set(ring, { cx: x(s[chosen]!), cy: y(found[chosen]!) });
  }

  function drawOpened(by: Float32Array, picture: Shown, c: number, on: boolean): void {
    const far = Math.max(...by.map(Math.abs), 1e-9);
    set(image, { href: picture.url });
    const drawn = on ? Array.from(by, (value, i) => ({ value, i })) : [];
    matched(cells, drawn.length, () =>
      svg("g", {}, svg("rect", { width: 1, height: 1 }), svg("text", { "text-anchor": "middle" })),
    ).forEach((cell, k) => {
      const { value, i } = drawn[k]!;
      const [x, y, share] = [i % grid, Math.floor(i / grid), Math.abs(value) / far];
      set(cell, { "data-cell": i, "data-value": value });
      set(cell.firstElementChild!, {
        x,
        y,
        class: value < 0 ? "senet-against" : "senet-for",
        "fill-opacity": (0.75 * share).toFixed(3),
      });
      set(cell.lastElementChild!, { x: x + 0.5, y: y + 0.72 });
      cell.lastElementChild!.textContent = share < 0.5 ? "" : value < 0 ? "−" : "+";
    });
    const most = by.reduce(
      (best, value, i) => (Math.abs(value) > Math.abs(by[best]!) ? i : best),
      0,
    );
    const told = `Most of all the part in row ${Math.floor(most / grid) + 1} and column ${(most % grid) + 1} of ${grid}: covered, it changes the gate of channel ${c} by ${signed(-by[most]!)}.`;
    set(shown, { "aria-label": on ? `${picture.alt}. ${told}` : picture.alt });
  }

  function channelGrid(): Grid {
    const { here, get } = at(frame.now);
    const columns = [get("s"), ...METHODS.map(get)];
    const rows = Array.from({ length: here.channels }, (_, k) => [
      k,
      ...columns.map((column) => column[k]!),
    ]);
    return {
      caption: `${here.title}, in logits`,
      rows: [["channel", "gate s", ...METHODS], ...rows],
    };
  }

  function openedGrid(): Grid {
    const { c } = at(frame.now);
    const rows = Array.from(openedBy(frame.now), (value, i) => [
      Math.floor(i / grid) + 1,
      (i % grid) + 1,
      -value,
    ]);
    return {
      caption: `Gate of channel ${c}, with a part covered`,
      rows: [["row", "column", "change of s"], ...rows],
    };
  }

  /** How far covering each part closes the chosen channel's gate, row by row. */
  function openedBy(now: AttributionView): Float32Array {
    const { index, here, c } = at(now);
    return row(here.opened, index, here.channels * grid * grid).subarray(
      c * grid * grid,
      (c + 1) * grid * grid,
    );
  }

  function pointed(event: MouseEvent): void {
    const area = plot.getBoundingClientRect();
    const [x, y] = [
      ((event.clientX - area.left) / area.width) * WIDTH,
      ((event.clientY - area.top) / area.height) * HEIGHT,
    ];
    const far = ([...dots.children] as SVGCircleElement[]).map((dot) =>
      Math.hypot(dot.cx.baseVal.value - x, dot.cy.baseVal.value - y),
    );
    frame.wish({ channel: String(far.indexOf(Math.min(...far))) });
  }

  function pressed(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const [now, end] = [order.indexOf(frame.now.channel), order.length - 1];
    const to: Record<string, number> = {
      ArrowRight: now + 1,
      ArrowUp: now + 1,
      ArrowLeft: now - 1,
      ArrowDown: now - 1,
      PageUp: now + 8,
      PageDown: now - 8,
      Home: 0,
      End: end,
    };
    if (!(event.key in to)) return;
    // Elsewhere on the page arrow keys turn to the next chapter.
    event.preventDefault();
    event.stopPropagation();
    frame.wish({ channel: String(order[Math.min(end, Math.max(0, to[event.key]!))]) });
  }
}

function ordinal(n: number): string {
  const teen = n % 100 > 10 && n % 100 < 14;
  return n === 1 ? "the" : `the ${n}${teen ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th")}`;
}
