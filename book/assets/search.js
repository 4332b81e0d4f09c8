// Makes Sphinx's search safe for every query, and find sections as well as pages. It comes after searchtools.js and before the index.
"use strict";

const MOST = 100; // characters: a longer query holds the tab for minutes
const SECTIONS = 8; // of a query: "gate" is in many titles

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

// Sphinx leads to a section only if the query is half of its title or more. Here all words have to begin words of the title, in any order.
function sections(wanted, unwanted) {
  const { alltitles, docnames, filenames, titles } = Search._index;
  const found = [];
  for (const [title, places] of Object.entries(alltitles)) {
    const words = title.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    const has = (term) => words.some((word) => word.startsWith(term));
    if (!wanted.size || ![...wanted].every(has) || [...unwanted].some(has)) continue;
    for (const [file, id] of places) {
      if (id === null || titles[file] === title) continue; // a page, which Sphinx finds
      found.push([docnames[file], `${titles[file]} > ${title}`, `#${id}`, null, Scorer.title - 1, filenames[file]]);
    }
  }
  return found.sort((one, other) => one[1].length - other[1].length).slice(0, SECTIONS);
}

const performTermsSearch = Search.performTermsSearch;
Search.performTermsSearch = (wanted, unwanted) => [...performTermsSearch(wanted, unwanted), ...sections(wanted, unwanted)];

for (const field of document.querySelectorAll("input[type=search]")) field.maxLength = MOST;
