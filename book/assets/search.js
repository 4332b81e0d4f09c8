// Makes Sphinx's search safe for every query. It comes after searchtools.js and before the index.
"use strict";

const MOST = 100; // characters: a longer query holds the tab for minutes

// The reader's words are keys of the index, so it must have no inherited properties: "constructor" is also a word.
function bare(words) {
  const own = Object.create(null, { hasOwnProperty: { value: (word) => Object.hasOwn(own, word) } });
  for (const [word, files] of Object.entries(words ?? {})) Object.defineProperty(own, word, { value: files, enumerable: true });
  return own;
}

const setIndex = Search.setIndex;
Search.setIndex = (index) => setIndex({ ...index, terms: bare(index.terms), titleterms: bare(index.titleterms) });

const performSearch = Search.performSearch;
Search.performSearch = (query) => {
  performSearch(query.slice(0, MOST));
  if (query.length <= MOST) return;
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  said.textContent = `Your query was cut to its first ${MOST} characters.`;
  document.getElementById("search-results").prepend(said);
};

for (const field of document.querySelectorAll("input[type=search]")) field.maxLength = MOST;
