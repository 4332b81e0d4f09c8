// Questions that answer at once, exercises to tick off. What was chosen stays in this browser, under one key; a reader can save it,
// bring it back, or clear it (book/progress.md).
"use strict";

const KEY = "senet-progress";
const MOST = 1_000_000; // bytes of a file that is read

/** Answers by label: the number of the answer chosen; 1 for an exercise that is done. Where storing is forbidden, for this page alone. */
let progress = {};

/** Only what can be answers: anything may lie in a file or in the storage. */
function checked(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("no answers are in it");
  const fits = ([label, n]) => /^[a-z][a-z0-9-]{0,79}$/.test(label) && Number.isInteger(n) && n >= 0 && n < 100;
  return Object.fromEntries(Object.entries(value).filter(fits));
}

/** As it is stored now: another window of the book may have written since. */
function read() {
  try {
    progress = checked(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch {
    // Unreadable, or storing is forbidden (a private window, file:// in some browsers): what this page knows stays.
  }
  return progress;
}

/** @param all what is to be kept from now on */
function keep(all) {
  progress = all;
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
  } catch {
    // It lasts as long as the page.
  }
}

/** Keep one answer, undefined for none, and all others as they are. */
function note(label, n) {
  const { [label]: _, ...others } = read();
  keep(n === undefined ? others : { ...others, [label]: n });
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** What to show again when another window has written. */
const shown = [];
window.addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  if (event.newValue === null) progress = {}; // cleared there
  read();
  shown.forEach((show) => show());
});
read();

for (const question of document.querySelectorAll("[data-question]")) {
  const label = question.dataset.question;
  const inputs = [...question.querySelectorAll("input")];
  const labels = [...question.querySelectorAll("label")];
  const replies = [...question.querySelectorAll("li")];
  const folded = question.querySelector("details");
  const said = element("p", { className: "senet-reply" });
  said.setAttribute("role", "status");
  folded.before(said);

  function show() {
    const chosen = inputs[progress[label]] ? progress[label] : -1; // an older edition may have had more answers
    inputs.forEach((input, i) => (input.checked = i === chosen));
    labels.forEach((each, i) => {
      if (i === chosen) each.dataset.chosen = replies[i].dataset.right ? "right" : "wrong";
      else delete each.dataset.chosen;
    });
    said.replaceChildren(...(replies[chosen] ? [...replies[chosen].cloneNode(true).childNodes] : []));
  }
  inputs.forEach((input, i) =>
    input.addEventListener("change", () => {
      note(label, i);
      show();
    }),
  );
  // Arrow keys move between answers here, and do not turn the book's page.
  question.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) event.stopPropagation();
  });
  shown.push(show);
  show();
}

for (const exercise of document.querySelectorAll(".senet-exercise[id]")) {
  const box = element("input", { type: "checkbox" });
  const title = exercise.querySelector(".admonition-title")?.textContent ?? exercise.id;
  box.setAttribute("aria-label", `I have done this: ${title}`);
  box.addEventListener("change", () => note(exercise.id, box.checked ? 1 : undefined));
  exercise.append(element("p", { className: "senet-done" }, element("label", {}, box, " I have done this")));
  const show = () => (box.checked = progress[exercise.id] === 1);
  shown.push(show);
  show();
}

for (const place of document.querySelectorAll("[data-senet-progress]")) {
  const items = [...place.querySelectorAll("[data-item]")];
  for (const item of items) item.append(" ", element("span", { className: "senet-state" }));
  const chapters = [...place.querySelectorAll("details")].map((details) => {
    const summary = details.querySelector("summary");
    const bar = element("progress", { max: details.querySelectorAll("[data-item]").length, ariaLabel: `Part done of ${summary.textContent}` });
    const words = element("span", { className: "senet-count" });
    summary.prepend(bar, " ");
    summary.append(words);
    return { details, words, bar };
  });
  const line = element("p", {});
  line.setAttribute("role", "status");
  const undo = element("button", { type: "button", hidden: true }, "Undo");
  let before = null; // what there was before the last act that changed much

  /** "right", "wrong", "done" or "" */
  function state(item) {
    const n = progress[item.dataset.item];
    if (n === undefined) return "";
    return item.dataset.kind === "exercise" ? "done" : n === Number(item.dataset.right) ? "right" : "wrong";
  }
  const WORDS = { right: "✓ right", wrong: "✗ not yet", done: "✓ done", "": "" };
  function tally(of) {
    const [questions, exercises] = ["question", "exercise"].map((kind) => of.filter((item) => item.dataset.kind === kind));
    const parts = [];
    if (questions.length) parts.push(`${questions.filter((item) => state(item) === "right").length} of ${questions.length} questions right`);
    if (exercises.length) parts.push(`${exercises.filter(state).length} of ${exercises.length} exercises done`);
    return parts.join(", ");
  }
  function show() {
    for (const item of items) {
      item.dataset.state = state(item);
      item.querySelector(".senet-state").textContent = WORDS[state(item)];
    }
    for (const { details, words, bar } of chapters) {
      const own = [...details.querySelectorAll("[data-item]")];
      words.textContent = `: ${tally(own)}`;
      bar.value = own.filter((item) => ["right", "done"].includes(state(item))).length;
    }
    undo.hidden = before === null;
  }
  const count = () => {
    const answered = items.filter((item) => state(item)).length;
    const unknown = Object.keys(progress).length - answered;
    const rest = unknown > 0 ? ` ${unknown} more are of another edition of the book; they are kept.` : "";
    return answered === 0 ? `Nothing is answered or done yet in this browser.${rest}` : `In this browser: ${tally(items)}.${rest}`;
  };
  function tell(words) {
    show();
    line.textContent = words;
  }
  const file = element("input", { type: "file", accept: "application/json,.json", hidden: true });
  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    const name = chosen?.name;
    try {
      if (!chosen) return;
      if (chosen.size > MOST) throw new Error("it is too large");
      const brought = checked(JSON.parse(await chosen.text()));
      if (Object.keys(brought).length === 0) throw new Error("no answers are in it");
      before = read();
      keep({ ...before, ...brought });
      tell(`${name} is read. ${count()}`);
    } catch (error) {
      tell(`${name} could not be read (${error.message}): choose a file that this page has saved. Nothing was changed.`);
    } finally {
      file.value = ""; // so that the same file can be chosen again
    }
  });
  const button = (text, onclick) => element("button", { type: "button", onclick }, text);
  const save = button("Save my answers", () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(read(), null, 1)], { type: "application/json" }));
    element("a", { href: url, download: "senet-answers.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
  const clear = button("Clear them", () => {
    before = read();
    keep({});
    tell(count());
  });
  undo.onclick = () => {
    keep(before);
    before = null;
    tell(`As it was before. ${count()}`);
    clear.focus(); // the button that had the focus is gone
  };
  place.prepend(line, element("p", { className: "senet-keep" }, save, " ", button("Bring them back", () => file.click()), " ", clear, " ", undo, file));
  shown.push(() => tell(count()));
  tell(count());
}
