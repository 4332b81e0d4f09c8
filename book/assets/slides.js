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
  let other = speaking ? window.opener : null; // the other of the two windows
  const presenting = () => root.classList.contains("presenting");

  const button = (text, onclick, properties = {}) => make("button", { type: "button", onclick, ...properties }, text);
  const where = make("p", {});
  where.setAttribute("role", "status");
  const before = button("Back", () => go(now - 1), { className: "only-presenting" });
  const after = button("Next", () => go(now + 1), { className: "only-presenting" });
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
    go(now, true);
  }
  function end() {
    root.classList.remove("presenting");
    present.textContent = "Present";
    where.textContent = "";
    slides[now].scrollIntoView();
  }

  /** Show slide number n; `told` where the other window says so. */
  function go(n, again = false, told = false) {
    n = Math.min(Math.max(n, 0), slides.length - 1);
    if (n === now && !again) return;
    slides[now].classList.remove("now");
    now = n;
    slides[now].classList.add("now");
    before.disabled = now === 0;
    after.disabled = now === slides.length - 1;
    where.textContent = `${now + 1} of ${slides.length}`;
    next.textContent = now + 1 < slides.length ? `Next: ${slides[now + 1].dataset.title}` : "The last one";
    try {
      history.replaceState(history.state, "", `#${slides[now].id}`);
    } catch {
      // Some browsers refuse on file://.
    }
    window.scrollTo(0, 0);
    if (!told) other?.postMessage({ senetSlide: slides[now].id }, "*");
  }

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
    if (n >= 0) go(n, false, true);
  });

  // Keys are a widget's, a button's or a link's first.
  const taken = (target) => target.closest("a, button, input, select, textarea, summary, figure.senet-widget, [contenteditable], [tabindex='0']");
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const key = event.key === " " && event.shiftKey ? "ArrowLeft" : event.key;
    const anywhere = { Escape: () => presenting() && !speaking && end(), PageDown: () => presenting() && go(now + 1), PageUp: () => presenting() && go(now - 1) };
    const elsewhere = {
      p: () => !presenting() && begin(),
      n: () => showNotes(notes.ariaPressed !== "true"),
      v: () => presenting() && !speaking && openSpeaker(),
      ArrowRight: () => presenting() && go(now + 1),
      " ": () => presenting() && go(now + 1),
      ArrowLeft: () => presenting() && go(now - 1),
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
      else target.removeAttribute("tabindex");
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
