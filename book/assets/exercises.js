// Questions that answer at once. What was chosen stays in this browser, under one key; a reader can save it, bring it back, or clear it.
"use strict";

const KEY = "senet-progress";

/** Answers by label: a number each. Where storing is forbidden (a private window, file:// in some browsers), for this page alone. */
let progress = {};
try {
  progress = checked(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
} catch {
  progress = {};
}

/** Only what can be answers: anything may lie in a file or in the storage. */
function checked(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("no answers are in it");
  return Object.fromEntries(Object.entries(value).filter(([label, n]) => /^[a-z][a-z0-9-]*$/.test(label) && Number.isInteger(n)));
}

function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
  } catch {
    // It lasts as long as the page.
  }
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

for (const question of document.querySelectorAll("[data-question]")) {
  const label = question.dataset.question;
  const inputs = [...question.querySelectorAll("input")];
  const labels = [...question.querySelectorAll("label")];
  const replies = [...question.querySelectorAll("li")];
  const folded = question.querySelector("details");
  const said = element("p", { className: "senet-reply" });
  said.setAttribute("role", "status");
  folded.before(said);

  function show(chosen) {
    labels.forEach((each, i) => {
      if (i === chosen) each.dataset.chosen = replies[i].dataset.right ? "right" : "wrong";
      else delete each.dataset.chosen;
    });
    said.replaceChildren(...(replies[chosen] ? [...replies[chosen].cloneNode(true).childNodes] : []));
  }
  inputs.forEach((input, i) =>
    input.addEventListener("change", () => {
      progress[label] = i;
      keep();
      show(i);
    }),
  );
  // Arrow keys move between answers here, and do not turn the book's page.
  question.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) event.stopPropagation();
  });
  if (inputs[progress[label]]) {
    inputs[progress[label]].checked = true;
    show(progress[label]);
  }
}

for (const place of document.querySelectorAll("[data-senet-progress]")) {
  const line = element("p", {});
  line.setAttribute("role", "status");
  const tell = (words) => (line.textContent = words);
  const count = () => {
    const n = Object.keys(progress).length;
    return n === 0 ? "No question is answered yet in this browser." : `${n} question${n === 1 ? " is" : "s are"} answered in this browser.`;
  };
  const file = element("input", { type: "file", accept: "application/json,.json", hidden: true });
  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    file.value = "";
    if (!chosen) return;
    try {
      progress = { ...progress, ...checked(JSON.parse(await chosen.text())) };
      keep();
      tell(`${chosen.name} is read. ${count()}`);
    } catch (error) {
      tell(`${chosen.name} could not be read (${error.message}): choose a file that this page has saved. Nothing was changed.`);
    }
  });
  const button = (text, onclick) => element("button", { type: "button", onclick }, text);
  const save = button("Save my answers", () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(progress, null, 1)], { type: "application/json" }));
    element("a", { href: url, download: "senet-answers.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
  let cleared = null;
  const clear = button("Clear them", () => {
    if (cleared) [progress, cleared] = [cleared, null];
    else [cleared, progress] = [progress, {}];
    keep();
    clear.textContent = cleared ? "Undo" : "Clear them";
    tell(count());
  });
  place.replaceChildren(line, element("p", {}, save, " ", button("Bring them back", () => file.click()), " ", clear, file));
  tell(count());
}
