// On the page for addresses that do not exist: find where the book begins, wherever it is served.
"use strict";
(async () => {
  if (!location.protocol.startsWith("http")) return; // from a folder the link is right, and nothing can be asked
  const link = document.querySelector("a[data-beginning]");
  const parts = location.pathname.split("/").slice(1, -1);
  for (let depth = parts.length; depth >= 0; depth--) {
    const folder = `/${parts.slice(0, depth).map((part) => `${part}/`).join("")}`;
    const answer = await fetch(`${folder}book/index.html`, { method: "HEAD" }).catch(() => null);
    if (answer?.ok) {
      link.href = folder;
      return;
    }
  }
})();
