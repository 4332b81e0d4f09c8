// Runs in every page before anything else (book/_ext/book_first.py puts it there).
"use strict";
(() => {
  // Where the browser refuses storage, or where it is full, what a page stores lives until the page is left. Without that the
  // theme's script would stop at its first line: no menu, no colours, no search.
  for (const name of ["localStorage", "sessionStorage"]) {
    const kept = new Map();
    try {
      for (const [key, value] of Object.entries(window[name])) kept.set(key, value);
      window[name].setItem("senet:try", "1");
      window[name].removeItem("senet:try");
    } catch {
      const storage = {
        getItem: (key) => kept.get(String(key)) ?? null,
        setItem: (key, value) => void kept.set(String(key), String(value)),
        removeItem: (key) => void kept.delete(String(key)),
        clear: () => kept.clear(),
        key: (n) => [...kept.keys()][n] ?? null,
        get length() {
          return kept.size;
        },
      };
      Object.defineProperty(window, name, { value: storage, configurable: true });
    }
  }

  // Sphinx marks the words that ?highlight= names; thousands of them would hold the page.
  const MOST = 100;
  const address = new URL(location.href);
  if ((address.searchParams.get("highlight") ?? "").length > MOST) {
    address.searchParams.delete("highlight");
    try {
      history.replaceState(history.state, "", address);
    } catch {
      // Some browsers refuse on file://.
    }
  }

  // A script that the server does not give, or gives as another kind of file, would leave controls dead without a word.
  addEventListener(
    "error",
    ({ target }) => {
      if (!(target instanceof HTMLScriptElement) || document.getElementById("book-refused")) return;
      const file = new URL(target.src).pathname.split("/").at(-1);
      const said = document.createElement("p");
      said.id = "book-refused";
      said.setAttribute("role", "alert");
      said.textContent = `Some controls of this page do not work: its script ${file} could not be loaded. Load the page again. If that does not help, the server does not have the file, or does not send it as text/javascript.`;
      const show = () => (document.querySelector("main") ?? document.body).prepend(said);
      if (document.body) show();
      else addEventListener("DOMContentLoaded", show);
    },
    true,
  );
})();
