// The figure of the SE block: played by its style (styles/block.css), started, paused and ended
// here.
//
//   still ──button, or arrival──▶ playing ◀──button──▶ paused
//     ▲                              │
//     └──── its end, or the reader does something elsewhere

import { h } from "./dom.ts";

const LAST = "senet-dimmed"; // the animation that ends last, on the last map

/**
 * Give each figure of the block its button; those that ask for it begin at once, unless the
 * reader wants less motion.
 */
export function blockFigures(within: ParentNode = document): void {
  for (const figure of within.querySelectorAll<HTMLElement>(".senet-block")) playable(figure);
}

function playable(figure: HTMLElement): void {
  const button = h("button", { type: "button", class: "senet-block-button" });
  const maps = figure.querySelectorAll(".dimmed");
  const say = () => {
    button.textContent = figure.dataset.playing === "on" ? "Pause" : "Play";
    button.setAttribute("aria-label", `${button.textContent} the figure of the block`);
  };
  const turn = (state: "on" | "paused" | undefined) => {
    if (state) figure.dataset.playing = state;
    else delete figure.dataset.playing;
    say();
  };
  button.onclick = () => turn(figure.dataset.playing === "on" ? "paused" : "on");
  figure.addEventListener("animationend", (event) => {
    if (event.animationName === LAST && event.target === maps[maps.length - 1]) turn(undefined);
  });
  // Motion beside what a reader is doing distracts, and takes the time that an answer needs.
  for (const sign of ["pointerdown", "keydown"]) {
    document.addEventListener(sign, ({ target }) => {
      if (figure.dataset.playing && !figure.contains(target as Node)) turn(undefined);
    });
  }
  figure.append(button);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  turn("plays" in figure.dataset && !still ? "on" : undefined);
}
