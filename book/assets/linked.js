// Point at a symbol, or focus it, and it lights up in the whole step: formula, code, shapes, figure. See book/_ext/book_linked.py.
//
//   nothing lit ──pointer or focus on a symbol──▶ lit ──away──▶ what was kept, or nothing
//                                                  └──click, tap, Enter──▶ kept ──again, Escape──▶ nothing
"use strict";

const COLOURED = ["u", "z", "s", "x"];
const IDLE = "Point at a symbol, or press one, and it lights up wherever it appears.";

for (const step of document.querySelectorAll(".senet-step")) {
  const box = step.querySelector(".senet-linked");
  const said = box.querySelector(".senet-linked-said");
  const buttons = new Map();
  for (const shape of box.querySelectorAll(".senet-chip")) {
    const button = document.createElement("button"); // a span until now: without a script there is nothing to press
    button.type = "button";
    button.className = shape.className;
    button.dataset.key = shape.dataset.key;
    button.setAttribute("aria-pressed", "false");
    button.append(...shape.childNodes);
    shape.replaceWith(button);
    buttons.set(button.dataset.key, button);
  }
  const keys = [...buttons.keys()];
  const places = (key) => `.${COLOURED.includes(key) ? "senet-" : "senet-is-"}${key}, [data-symbol="${key}"]`;
  const all = keys.map(places).join(", ");
  const keyOf = (element) => {
    const place = element.closest?.(all);
    return place && step.contains(place) ? keys.find((key) => place.matches(places(key))) : undefined;
  };
  said.textContent = IDLE;
  let kept;
  let lit;

  const show = (key) => {
    if (key === lit) return;
    lit = key;
    for (const old of step.querySelectorAll(".senet-lit")) old.classList.remove("senet-lit");
    const found = key === undefined ? [] : [...step.querySelectorAll(places(key))];
    for (const place of found) place.classList.add("senet-lit");
    said.textContent = key === undefined ? IDLE : sentence(key, found);
  };

  function sentence(key, found) {
    const lines = new Set();
    let formula = 0;
    for (const place of found) {
      if (place.closest("math") && !place.parentElement.closest(places(key))) formula++; // z inside z_c is one place
      const code = place.closest("pre");
      if (code) lines.add(lineOf(place, code));
    }
    const where = [];
    if (formula) where.push(`${formula === 1 ? "once" : `${formula} times`} in the formula`);
    if (lines.size) where.push(`in the code: ${[...lines].slice(0, 3).join(" \u2502 ")}`);
    const name = buttons.get(key).querySelector("i").textContent;
    return where.length ? `${name} is ${where.join("; ")}` : `${name} is in the figure only`;
  }

  /** The line of code that an element is in. */
  function lineOf(place, code) {
    const before = document.createRange();
    before.setStart(code, 0);
    before.setEndBefore(place);
    const row = before.toString().split("\n").length - 1;
    return code.textContent.split("\n")[row].trim();
  }

  const keep = (key) => {
    kept = key === kept ? undefined : key;
    for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(name === kept));
    show(kept);
  };

  step.addEventListener("pointerover", (event) => event.pointerType !== "touch" && show(keyOf(event.target) ?? kept));
  step.addEventListener("pointerleave", () => show(kept));
  step.addEventListener("focusin", (event) => show(keyOf(event.target) ?? kept));
  step.addEventListener("focusout", () => show(kept));
  step.addEventListener("click", (event) => {
    const key = keyOf(event.target);
    if (key !== undefined && !event.target.closest("figure")) keep(key); // a widget has uses of its own for a click
  });
  step.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && lit !== undefined) {
      kept = undefined;
      for (const button of buttons.values()) button.setAttribute("aria-pressed", "false");
      show(undefined);
    }
  });
}
