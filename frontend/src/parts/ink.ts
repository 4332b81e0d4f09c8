// The ink of gates: the colour that the page has for s, in digits. Digits are quick: to style and
// paint a strip in a mix of `var(--senet-s)` took three times as long. Where the page turns dark, or
// light again, what was drawn is drawn in the new ink.

const USUAL = "#b34a0a";
const INKED = "data-ink";
/** Attributes that turn a page dark: the book's, JupyterLab's, Colab's, VS Code's. */
const SIGNS = ["class", "data-theme", "theme", "data-jp-theme-light", "data-vscode-theme-kind"];

let now: string | null = null;
let colour = 0; // as a number

/** As "#rrggbb". */
export function ink(): string {
  if (now === null) {
    take(found());
    watch();
  }
  return now!;
}

/** Put ink on a pixel, from none (0) to all (1). */
export function dab({ data }: ImageData, pixel: number, strength: number): void {
  if (now === null) ink();
  data[4 * pixel] = colour >> 16;
  data[4 * pixel + 1] = (colour >> 8) & 255;
  data[4 * pixel + 2] = colour & 255;
  data[4 * pixel + 3] = Math.round(255 * strength);
}

/** What an element drawn with `ink` says, so that it is found when the ink changes. */
export const inked = { [INKED]: true };

const painters = new WeakMap<Element, () => void>();

/** Of a canvas: what paints it again when the ink changes. */
export function inkedBy(canvas: HTMLCanvasElement, paint: () => void): void {
  canvas.toggleAttribute(INKED, true);
  painters.set(canvas, paint);
}

function take(found: string): void {
  now = found;
  colour = Number.parseInt(found.slice(1), 16);
}

function found(): string {
  const value = getComputedStyle(document.body).getPropertyValue("--senet-s").trim();
  return /^#[0-9a-f]{6}$/i.test(value) ? value : USUAL;
}

function watch(): void {
  const signs = new MutationObserver(renew);
  for (const element of [document.documentElement, document.body])
    signs.observe(element, { attributeFilter: SIGNS });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renew);
}

function renew(): void {
  const before = now!;
  take(found());
  const ink = now!;
  if (ink === before) return;
  for (const strip of document.querySelectorAll(`[${INKED}]`)) {
    const [paint, style] = [painters.get(strip), strip.getAttribute("style")];
    if (paint) paint();
    else if (style) strip.setAttribute("style", style.replaceAll(before, ink)); // else not drawn yet
  }
}
