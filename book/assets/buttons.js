// What the theme's buttons do. Their attributes said so, which the page's Content-Security-Policy forbids.
"use strict";

const actions = { print: () => window.print(), fullscreen: () => window.toggleFullScreen() };
for (const button of document.querySelectorAll("[data-click]")) button.addEventListener("click", actions[button.dataset.click]);
