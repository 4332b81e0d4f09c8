// Shows a word's or a symbol's entry where one points at it, focuses it or taps it. The entries lie at the page's end (book_notation.py).
// As WCAG 1.4.13 asks: Escape puts it away, the pointer may move onto it, and it stays until one leaves.
"use strict";
{
  const tip = document.createElement("div");
  const supported = "popover" in tip;
  let shown = null; // the element whose entry is shown
  let leaving = 0;

  function place() {
    const at = shown.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = tip;
    const room = document.documentElement.clientWidth - width - 8;
    tip.style.left = `${Math.max(8, Math.min(at.left, room))}px`;
    // Below what it explains; above, where there is no room.
    const below = at.bottom + 4;
    tip.style.top = `${below + height > window.innerHeight && at.top > height ? at.top - height - 4 : below}px`;
  }

  function show(element) {
    clearTimeout(leaving);
    if (element === shown) return;
    const said = document.getElementById(`entry-${element.dataset.entry}`);
    if (!said) return;
    hide();
    shown = element;
    const list = said.parentElement;
    const name = list.previousElementSibling.cloneNode(true);
    const text = said.cloneNode(true);
    text.removeAttribute("id");
    const head = document.createElement("strong");
    head.append(...name.childNodes);
    const more = list.querySelector("a").cloneNode(true);
    more.tabIndex = -1; // with a keyboard, Enter on the word itself leads there
    tip.replaceChildren(head, " ", text, " ", more);
    tip.showPopover();
    place();
  }

  function hide() {
    clearTimeout(leaving);
    if (shown) tip.hidePopover();
    shown = null;
  }

  // In a step that lights up (linked.js), the text beside the formula already says what a symbol is.
  const places = "a.senet-term, :not(.senet-linked *) > math [data-entry]";
  const entryOf = (target) => (target instanceof Element ? target.closest(places) : null);
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 250); // time to move onto it
  };

  if (supported) {
    tip.popover = "manual"; // what opens it also closes it: an "auto" one would close with the tap that opened it
    tip.className = "senet-tip";
    tip.setAttribute("aria-hidden", "true"); // a screen reader has it as the link's description
    document.querySelector("main").append(tip);

    document.addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      const element = entryOf(event.target);
      if (element) show(element);
      else if (tip.contains(event.target)) clearTimeout(leaving);
      else if (shown && document.activeElement !== shown) leave();
    });
    document.addEventListener("focusin", (event) => {
      const element = entryOf(event.target);
      if (element && element.matches(":focus-visible")) show(element);
      else if (!tip.contains(event.target)) hide();
    });
    // The first tap shows the entry, and the entry leads on.
    document.addEventListener("click", (event) => {
      const element = entryOf(event.target);
      if (element && event.pointerType === "touch") {
        event.preventDefault();
        show(element);
      } else if (!element && !tip.contains(event.target)) hide();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
    });
    document.addEventListener("scroll", () => shown && place(), { passive: true, capture: true });
  }
}
