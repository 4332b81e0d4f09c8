// book/slides.html: presents what is otherwise a storyboard to scroll.
//
//   scrolling ──p, "Present", ?present──▶ presenting, one slide at a time ──Esc──▶ scrolling
//                                             │ v, "Speaker's window"
//                                             ▼
//                        a second window (?speaker): the same slide with its notes, a clock, and what comes next; either one leads
"use strict";

const root = document.documentElement;
const query = new URLSearchParams(location.search);
const speaking = query.has("speaker");

// Before anything is drawn: the reader's own light or dark, as on the book's pages.
const dark = matchMedia("(prefers-color-scheme: dark)");
function colour() {
  let mode = "auto";
  try {
    mode = localStorage.getItem("mode") || "auto";
  } catch {
    // Storage is switched off.
  }
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
}
colour();
dark.addEventListener("change", colour);
root.classList.add("scripted");
if (speaking) root.classList.add("speaking");

document.addEventListener("DOMContentLoaded", () => {
  const slides = [...document.querySelectorAll(".slide")];
  const make = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const named = (hash) => Math.max(0, slides.findIndex((slide) => `#${slide.id}` === hash));
  let now = named(location.hash);
  let parts = [[]]; // of the slide that is shown: see slides-parts.js
  let part = 0;
  let other = speaking ? window.opener : null; // the other of the two windows
  const presenting = () => root.classList.contains("presenting");

  const button = (text, onclick, properties = {}) => make("button", { type: "button", onclick, ...properties }, text);
  const where = make("p", {});
  where.setAttribute("role", "status");
  const before = button("Back", () => turn(-1), { className: "only-presenting" });
  const after = button("Next", () => turn(1), { className: "only-presenting" });
  const contents = button("Contents", () => go(0), { className: "only-presenting" });
  const notes = button("Notes", () => showNotes(notes.ariaPressed !== "true"), { ariaPressed: "false" });
  const present = button("Present", () => (presenting() ? end() : begin()));
  const window2 = button("Speaker’s window", openSpeaker, { className: "only-presenting" });
  const next = make("p", { className: "slides-next" });
  const clock = make("p", { className: "slides-clock" });
  const bar = make("nav", { className: "slides-bar", ariaLabel: "Slides" }, before, where, after, contents, notes, ...(speaking ? [next, clock] : [window2, present]));
  document.body.append(bar);

  function begin() {
    root.classList.add("presenting");
    present.textContent = "End";
    go(now, { again: true });
  }
  function end() {
    root.classList.remove("presenting");
    slideParts.showAll(slides[now]);
    present.textContent = "Present";
    where.textContent = "";
    slides[now].scrollIntoView();
  }

  /** Show slide number n, from its first part or its last; `told` where the other window says so. */
  function go(n, { again = false, told = false, last = false } = {}) {
    n = Math.min(Math.max(n, 0), slides.length - 1);
    if (n === now && !again) return;
    slides[now].classList.remove("now");
    slideParts.showAll(slides[now]);
    now = n;
    slides[now].classList.add("now");
    next.textContent = now + 1 < slides.length ? `Next: ${slides[now + 1].dataset.title}` : "The last one";
    try {
      history.replaceState(history.state, "", `#${slides[now].id}`);
    } catch {
      // Some browsers refuse on file://.
    }
    window.scrollTo(0, 0);
    divide(last ? Infinity : 0, told);
  }

  /** Sort the slide into parts for this screen, and show that with its block number `block`. */
  function divide(block, told = false) {
    parts = slideParts.parts(slides[now]);
    const begins = parts.map((_, i) => parts.slice(0, i).flat().length);
    show(Math.max(0, begins.findLastIndex((begin) => begin <= block)), told);
  }

  function show(number, told = false) {
    part = number;
    slideParts.show(slides[now], parts[part]);
    before.disabled = now === 0 && part === 0;
    after.disabled = now === slides.length - 1 && part === parts.length - 1;
    where.textContent = `${now + 1} of ${slides.length}${parts.length > 1 ? `, part ${part + 1} of ${parts.length}` : ""}`;
    // The windows differ in size, so they tell each other of blocks rather than of parts.
    if (!told) other?.postMessage({ senetSlide: slides[now].id, senetBlock: block() }, "*");
  }
  const block = () => parts.slice(0, part).flat().length;

  function turn(by) {
    if (parts[part + by]) show(part + by);
    else go(now + by, { last: by < 0 });
  }

  // Another screen, a picture that has come, or a widget that has come to life takes another room.
  let due = false;
  const again = () => {
    if (due || !presenting()) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      divide(block(), true);
    });
  };
  window.addEventListener("resize", again);
  document.addEventListener("load", again, true);
  const lively = new MutationObserver(again);
  for (const widget of document.querySelectorAll("figure.senet-widget")) lively.observe(widget, { attributeFilter: ["data-live"] });
  for (const fold of document.querySelectorAll(".slide details")) fold.addEventListener("toggle", again);

  function showNotes(open) {
    notes.ariaPressed = String(open);
    for (const each of document.querySelectorAll(".speaker")) each.open = open;
  }

  function openSpeaker() {
    other = window.open(`${location.pathname}?speaker#${slides[now].id}`, "senet-speaker", "width=900,height=700");
  }

  // Only the window that was opened from here, or that opened this one, may turn the slides; and it can do nothing else.
  window.addEventListener("message", (event) => {
    if (!other || event.source !== other || typeof event.data?.senetSlide !== "string") return;
    const n = slides.findIndex((slide) => slide.id === event.data.senetSlide);
    if (n < 0) return;
    go(n, { told: true });
    if (Number.isInteger(event.data.senetBlock)) divide(event.data.senetBlock, true);
  });

  // Keys are a widget's, a button's or a link's first.
  const taken = (target) => target.closest("a, button, input, select, textarea, summary, figure.senet-widget, [contenteditable], [tabindex='0']");
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const key = event.key === " " && event.shiftKey ? "ArrowLeft" : event.key;
    const anywhere = { Escape: () => presenting() && !speaking && end(), PageDown: () => presenting() && turn(1), PageUp: () => presenting() && turn(-1) };
    const elsewhere = {
      p: () => !presenting() && begin(),
      n: () => showNotes(notes.ariaPressed !== "true"),
      v: () => presenting() && !speaking && openSpeaker(),
      ArrowRight: () => presenting() && turn(1),
      " ": () => presenting() && turn(1),
      ArrowLeft: () => presenting() && turn(-1),
      Home: () => presenting() && go(0),
      End: () => presenting() && go(slides.length - 1),
    };
    const act = Object.hasOwn(anywhere, key) ? anywhere[key] : Object.hasOwn(elsewhere, key) && !taken(event.target) ? elsewhere[key] : null;
    if (act && act() !== false) event.preventDefault();
  });
  window.addEventListener("hashchange", () => presenting() && go(named(location.hash)));

  // What is wider than its box scrolls by itself, so the keyboard has to get there; but only then.
  const scrollers = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else if (!target.classList.contains("fitted")) target.removeAttribute("tabindex");
    }
  });
  for (const wide of document.querySelectorAll(".slide, .slide pre, div.math, .pst-scrollable-table-container")) scrollers.observe(wide);

  if (speaking || query.has("present")) begin();
  if (speaking) {
    document.title = `Speaker: ${document.title}`;
    showNotes(true);
    const start = Date.now();
    const tick = () => {
      const minutes = Math.floor((Date.now() - start) / 60_000);
      clock.textContent = `${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}, ${minutes} min so far`;
    };
    tick();
    setInterval(tick, 10_000);
  }
});
