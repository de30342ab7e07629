/* The search page: BM25 over the words of every page, glossary entries first.
 *
 * Sphinx's own script asks for every page that it lists, which a browser refuses when the book is
 * opened from a folder, and it gives all pages that hold a word the same score.  This one keeps its
 * form and its place on the page, and needs alike-search-data.js alone.
 */
"use strict";

(() => {
  const K1 = 1.2, B = 0.75;
  const data = window.alikeSearchData;
  if (!data || typeof Search === "undefined") return; // Sphinx's own search goes on

  /* British and American endings become one before the stemmer cuts them. */
  const spelling = (word) => word
    .replace(/is(e|es|ed|ing|er|ers|ation|ations)$/, "iz$1")
    .replace(/our/, "or")
    .replace(/ogue(s?)$/, "og$1")
    .replace(/tre$/, "ter")
    .replace(/ll(ing|ed)$/, "l$1");
  const stemmer = new Stemmer();
  const stem = (word) => stemmer.stemWord(spelling(word));
  const split = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+(?:_[\p{L}\p{N}]+)*/gu) || [];
  const stems = (text) => split(text).map(stem);
  const asked = (text) => split(text).filter((word) => !stopwords.includes(word)).map(stem);

  /* stem -> Map(page -> count), and the length of every page */
  const index = new Map();
  const lengths = new Array(data.pages.length).fill(0);
  for (const [word, pairs] of Object.entries(data.words)) {
    const key = stem(word);
    if (!index.has(key)) index.set(key, new Map());
    const counts = index.get(key);
    for (let i = 0; i < pairs.length; i += 2) {
      counts.set(pairs[i], (counts.get(pairs[i]) || 0) + pairs[i + 1]);
      lengths[pairs[i]] += pairs[i + 1];
    }
  }
  const meanLength = lengths.reduce((sum, n) => sum + n, 0) / lengths.length;
  const terms = data.terms.map(([doc, anchor, name, text]) =>
    ({ doc, anchor, name, text, stems: stems(name) }));
  const headings = data.headings.map(([page, text, anchor]) =>
    ({ page, text, anchor, stems: stems(text) }));

  /* The same for terms of several words, which are more than their words. */
  const phrases = Object.entries(data.phrases).map(([term, pairs]) => {
    const counts = new Map();
    for (let i = 0; i < pairs.length; i += 2) counts.set(pairs[i], pairs[i + 1]);
    return { stems: stems(term), counts };
  });

  /* A word that stands nowhere may be the beginning of one that does. */
  const countsOf = (word) => {
    if (index.has(word) || word.length < 3) return index.get(word) || new Map();
    const sum = new Map();
    for (const [other, counts] of index) {
      if (!other.startsWith(word)) continue;
      for (const [page, n] of counts) sum.set(page, (sum.get(page) || 0) + n);
    }
    return sum;
  };

  const weight = (counts, page) => {
    const n = counts.get(page) || 0;
    const rarity = Math.log(1 + (data.pages.length - counts.size + 0.5) / (counts.size + 0.5));
    return rarity * n * (K1 + 1) / (n + K1 * (1 - B + B * lengths[page] / meanLength));
  };

  /* The query, and the query with what the book calls it. */
  const variants = (query) => {
    const words = split(query).join(" ");
    const found = [words];
    for (const [typed, meant] of Object.entries(data.synonyms)) {
      const whole = ` ${words} `;
      if (!whole.includes(` ${typed} `)) continue;
      for (const way of meant.split("|")) found.push(whole.replace(` ${typed} `, ` ${way.trim()} `));
    }
    return found.map(asked).filter((words) => words.length);
  };

  const contains = (words, part) => part.every((word) => words.includes(word));
  const same = (a, b) => a.length === b.length && contains(a, b);

  /* Pages that hold all words (or, where none does, some of them), best first. */
  const rank = (queries) => {
    const scores = new Map();
    for (const words of queries) {
      const counts = words.map(countsOf);
      const whole = phrases.filter((phrase) => same(phrase.stems, words));
      data.pages.forEach((page, number) => {
        const share = counts.filter((c) => c.has(number)).length / words.length;
        const parts = [...counts, ...whole.map((phrase) => phrase.counts)];
        const score = parts.reduce((sum, c) => sum + weight(c, number), 0) * page[3];
        const known = scores.get(number) || { share: 0, score: 0 };
        if (share > known.share || (share === known.share && score > known.score))
          scores.set(number, { share, score });
      });
    }
    const best = Math.max(...[...scores.values()].map((one) => one.share));
    return [...scores].filter(([, one]) => one.share > 0 && one.share === best)
      .sort((a, b) => b[1].score - a[1].score)
      .map(([page]) => ({ page, all: best === 1 }));
  };

  /* Entries of the glossary: those that are asked for by name, then those that hold the words. */
  const entries = (queries) => {
    const named = terms.filter((term) => queries.some((words) => same(term.stems, words)));
    const near = terms.filter((term) => !named.includes(term)
      && queries.some((words) => contains(term.stems, words)));
    return { named, near: near.slice(0, 4) };
  };

  const root = document.documentElement.dataset.content_root || "./";
  const address = (doc, anchor) => `${root}${doc}.html${anchor ? "#" + anchor : ""}`;
  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    if (className) node.className = className;
    return node;
  };
  const link = (text, href) => {
    const node = make("a", text);
    node.href = href;
    return node;
  };

  const termItem = (term) => {
    const item = make("li");
    item.append(link(term.name, address(term.doc, term.anchor)), " ", make("span", "glossary", "chip"),
      make("p", term.text, "context"));
    return item;
  };

  const pageItem = (number, queries) => {
    const [doc, title, promise] = data.pages[number];
    const item = make("li");
    item.append(link(title, address(doc)), make("p", promise, "context"));
    const inside = headings.filter((heading) => heading.page === number
      && queries.some((words) => contains(heading.stems, words))).slice(0, 4);
    if (inside.length) {
      const line = make("p", "In it: ", "context sections");
      inside.forEach((heading, i) =>
        line.append(i ? " · " : "", link(heading.text, address(doc, heading.anchor))));
      item.append(line);
    }
    return item;
  };

  /* Where to look when nothing was found. */
  const help = (query) => {
    const line = make("p", `Nothing was found for “${query}”. Try one word of it, or look through `);
    const docs = data.pages.filter(([doc]) => /\/(glossary|.*explorer)$/.test(doc));
    docs.forEach(([doc, title]) => line.append("the ", link(title.toLowerCase(), address(doc)), ", "));
    line.append("the ", link("index of terms", `${root}genindex.html`), " or ",
      link("the map of the book", `${root}index.html`), ".");
    return line;
  };

  const summary = (pages, named) => {
    const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
    const found = count(pages.length, "page");
    if (pages.length && !pages[0].all)
      return `No page holds all of these words; ${found} with some of them.`;
    return named.length ? `${count(named.length, "term")} of the glossary and ${found}, best first.`
      : `${found}, best first.`;
  };

  Search.performSearch = (query) => {
    const box = document.getElementById("search-results");
    const status = make("p", "", "search-summary");
    status.setAttribute("role", "status"); // in place before it speaks, or nobody hears it
    box.replaceChildren(make("h2", "Results"), status);
    const queries = variants(query);
    const { named, near } = entries(queries);
    const shown = named.map((term) => term.doc); // its page would only repeat the entry
    const pages = (queries.length ? rank(queries) : [])
      .filter(({ page }) => !shown.includes(data.pages[page][0]));
    if (near.length) {
      const line = make("p", "In the glossary, too: ", "near-terms");
      near.forEach((term, i) =>
        line.append(i ? " · " : "", link(term.name, address(term.doc, term.anchor))));
      box.append(line);
    }
    const list = make("ol", "", "search");
    list.append(...named.map(termItem), ...pages.map(({ page }) => pageItem(page, queries)));
    if (list.children.length) box.append(list);
    else box.append(help(query));
    localStorage.setItem("sphinx_highlight_terms", split(query).join(" "));
    setTimeout(() => {
      status.textContent = list.children.length ? summary(pages, named) : "No results.";
    }, 50);
  };
})();
