// Of a slide, as much at a time as the screen holds: `slideParts` sorts a slide's blocks into parts, and shows one of them.
//
// A heading stays with every part. A title or a sentence that ends with a colon stays with what follows it. A widget has a part of
// its own; it becomes a little smaller, down to SMALLEST, if the screen is too low for it, and so do tables, figures and listings.
// What is still too tall scrolls in its box.
"use strict";

const slideParts = (() => {
  const SMALLEST = 0.75;
  const ROOM = 8; // pixels left free above the bar
  const aside = (block) => block.matches(".speaker, .slide-from, h2");
  const figure = (block) => block.querySelector("figure.senet-widget");
  /** What becomes smaller of a block that is alone: its widget, or else all that it holds. */
  const shrinks = (block) => (figure(block) ? [figure(block)] : block.matches("div") ? [...block.children] : []);
  const leads = (block) => block.matches("h3") || /:\s*$/.test(block.textContent);

  /** What can be shown without its neighbours: a code cell counts as its code and its results. */
  function blocks(slide) {
    const inner = (block) => (block.matches("div.cell") && block.children.length > 1 ? [...block.children] : [block]);
    return [...slide.children].filter((child) => !aside(child)).flatMap(inner);
  }

  /** Where the bar begins, in pixels from the top of the page: below it nothing can be seen. */
  function end() {
    const bar = document.querySelector(".slides-bar");
    return innerHeight - (bar ? bar.offsetHeight : 0) - ROOM;
  }

  function reset(all) {
    for (const block of all) {
      delete block.dataset.later;
      if (block.classList.contains("fitted")) block.removeAttribute("tabindex");
      block.classList.remove("fitted");
      block.style.removeProperty("--most");
      for (const inner of shrinks(block)) inner.style.removeProperty("zoom");
    }
  }

  function only(all, part) {
    for (const block of all) {
      if (part.includes(block)) delete block.dataset.later;
      else block.dataset.later = "";
    }
  }

  /** The slide's blocks in parts, each of which fits: a part takes blocks until one of them, really shown, ends below the bar. */
  function parts(slide) {
    const all = blocks(slide);
    reset(all);
    const found = [[]];
    all.forEach((block, n) => {
      const part = found.at(-1);
      const alone = figure(block) || (n > 0 && figure(all[n - 1]));
      part.push(block);
      only(all, part);
      if (part.length === 1 || (!alone && block.getBoundingClientRect().bottom + scrollY <= end())) return;
      const taken = [part.pop()];
      while (!alone && part.length > 1 && leads(part.at(-1))) taken.unshift(part.pop());
      found.push(taken);
    });
    return found;
  }

  /** Make what has a part of its own fit: a widget smaller, and whatever is or grows too tall in a box that scrolls. */
  function fit(block) {
    const inside = shrinks(block);
    block.classList.add("fitted"); // from here on, margins of what it holds are part of its height
    const most = end() - block.getBoundingClientRect().top - scrollY;
    const fits = () => block.getBoundingClientRect().height <= most;
    for (let zoom = 0.95; zoom > SMALLEST - 0.01 && !fits(); zoom -= 0.05) for (const inner of inside) inner.style.zoom = zoom;
    block.style.setProperty("--most", `${Math.floor(most)}px`);
    if (block.scrollHeight > block.clientHeight) block.tabIndex = 0; // for the keyboard
  }

  /** Show one part of a slide. */
  function show(slide, part) {
    const all = blocks(slide);
    reset(all);
    only(all, part);
    if (part.length === 1) fit(part[0]);
  }

  const showAll = (slide) => reset(blocks(slide));
  return { blocks, parts, show, showAll };
})();
