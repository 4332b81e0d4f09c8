// What the theme leaves for a keyboard or a screen reader to stumble over.
"use strict";

const all = (selector) => document.querySelectorAll(selector);

// The text of these says what they do. A label beside it says something else to readers who can't see the text.
for (const control of all(".search-button-field, details > summary")) control.removeAttribute("aria-label");

// An arrow of the contents, which opens the pages below one, is named after that one.
for (const summary of all("details > summary:has(.toctree-toggle)")) {
  summary.setAttribute("aria-label", `Pages below ${summary.closest("li")?.querySelector("a")?.textContent.trim() ?? "this one"}`);
}

// Keep the icons of the colour mode out of their button's name, both now and once the icon script has drawn them.
function hideIcons(button) {
  for (const icon of button.querySelectorAll("i, svg")) {
    icon.removeAttribute("title");
    icon.removeAttribute("aria-labelledby");
    icon.setAttribute("aria-hidden", "true");
    icon.querySelector("title")?.remove();
  }
}
for (const button of all(".theme-switch-button")) {
  hideIcons(button);
  new MutationObserver(() => hideIcons(button)).observe(button, { childList: true });
}

// A reference list holds list items; the role that they come with is deprecated.
for (const entry of all(".citation-list > .citation")) entry.setAttribute("role", "listitem");

// Everything in a page belongs to a landmark.
for (const brand of all(".sidebar-primary-item:has(.navbar-brand)")) {
  brand.setAttribute("role", "region");
  brand.setAttribute("aria-label", "Book title");
}

// A formula or a table that is wider than its column scrolls by itself, so the keyboard has to get there; but only then. Its right edge
// fades (book.css) until its end is in view.
function tellScroll(wide) {
  const more = wide.scrollWidth - wide.clientWidth;
  wide.tabIndex = more > 0 ? 0 : -1;
  wide.toggleAttribute("data-more", more - wide.scrollLeft > 4);
}
const scrollers = new ResizeObserver((entries) => entries.forEach(({ target }) => tellScroll(target)));
for (const wide of all("div.math, .pst-scrollable-table-container")) {
  scrollers.observe(wide);
  wide.addEventListener("scroll", () => tellScroll(wide), { passive: true });
}
