/* What both views of the explorer are built from: lists of neighbours, agreement, marks. */
"use strict";

(() => {
  /** An element with attributes and children; true sets a bare attribute, null leaves one out. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === false) continue;
      node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null));
    return node;
  }

  let captions = 0; // so far; each has a name of its own
  const unseen = (text) => el("span", { class: "ex-unseen" }, text);
  const many = (number, one, more) =>
    `${number.toLocaleString("en")} ${number === 1 ? one : more}`;

  /** The middle of some numbers; NaN of none. */
  function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /** In how many lists each neighbour stands: Map neighbour -> Map method -> rank. */
  function places(lists) {
    const found = new Map();
    for (const [key, list] of lists) {
      list.forEach((item, i) => {
        if (!found.has(item)) found.set(item, new Map());
        found.get(item).set(key, i + 1);
      });
    }
    return found;
  }

  const shared = (a, b) => a.filter((item) => b.includes(item)).length;

  /** The head of a method: its name, the chapter that builds it, a sentence. */
  function head(method, id) {
    const number = method.chapter.match(/(\d\d)-[^/]*$/);
    return [
      el("h4", {}, el("span", { id }, method.name), " ",
        el("a", { href: `${method.chapter}.html`, class: "ex-chapter" },
          unseen(`${method.name}: `), number ? `chapter ${number[1]}` : "chapter")),
      el("p", { class: "ex-note" }, method.note),
    ];
  }

  /** One method's list.  item(i, rank) -> li or null where a filter hides it. */
  function listOf(method, list, item, filter) {
    const id = `ex-of-${method.key.replace(/\W/g, "-")}`;
    const shown = list.map((neighbour, i) => item(neighbour, i + 1)).filter(Boolean);
    const hidden = list.length - shown.length;
    const remarks = [];
    if (hidden) remarks.push(`${hidden} of ${list.length} ${filter} not shown.`);
    if (list.length < alikeExplorer.LENGTH) {
      remarks.push(
        list.length
          ? `This method finds ${many(list.length, "neighbour", "neighbours")} only.`
          : "This method finds no neighbour.",
      );
    }
    return el(
      "section",
      { class: "ex-method", "aria-labelledby": id, "data-method": method.key },
      head(method, id),
      shown.length ? el("ol", {}, shown) : null,
      remarks.length ? el("p", { class: "ex-remark" }, remarks.join(" ")) : null,
    );
  }

  /** On a phone: which one of the lists is shown. */
  function narrow(container, methods, current, changed) {
    const id = `${container.id}-one`;
    const select = el("select", { id },
      methods.map(({ key, name }) => el("option", { value: key, selected: key === current }, name)));
    const choose = () => {
      container.querySelectorAll(".ex-method").forEach((section) =>
        section.classList.toggle("ex-current", section.dataset.method === select.value));
      changed(select.value);
    };
    select.addEventListener("change", choose);
    return {
      node: el("p", { class: "ex-narrow" }, el("label", { for: id }, "Method shown "), select),
      choose,
    };
  }

  /** Check boxes for the methods; changed() is called with the keys that are on. */
  function switches(fieldset, methods, changed) {
    const boxes = methods.map(({ key, name }) => {
      const box = el("input", { type: "checkbox", value: key });
      fieldset.append(el("label", {}, box, ` ${name}`));
      return box;
    });
    const all = el("button", { type: "button" }, "All methods");
    fieldset.append(all);
    const on = () => boxes.filter((box) => box.checked).map((box) => box.value);
    boxes.forEach((box) => box.addEventListener("change", () => changed(on())));
    all.addEventListener("click", () => changed(methods.map(({ key }) => key)));
    return (keys) => boxes.forEach((box) => (box.checked = keys.includes(box.value)));
  }

  /** A wide table scrolls in a box of its own, which the keyboard reaches; its caption stays. */
  function scroller(caption, table) {
    const id = `ex-caption-${(captions += 1)}`;
    table.setAttribute("aria-labelledby", id);
    return el("div", { class: "ex-table" },
      el("p", { class: "ex-caption", id }, caption),
      el("div", { class: "ex-scroll", role: "region", "aria-labelledby": id, tabindex: "0" },
        table));
  }

  /** A table method x method; number(i, j) of 0 to 10 shades its cell. */
  function matrix(methods, number, digits) {
    const cell = (i, j) => {
      const value = number(i, j);
      const shade = i === j ? 0 : Math.round(4 * value);
      return el("td", { style: `--shade: ${shade}%`, class: i === j ? "ex-self" : null },
        i === j ? "–" : value.toFixed(digits));
    };
    return el("table", { class: "ex-matrix" },
      el("thead", {}, el("tr", {}, el("td", {}),
        methods.map(({ name }) => el("th", { scope: "col" }, el("span", {}, name))))),
      el("tbody", {}, methods.map(({ name }, i) =>
        el("tr", {}, el("th", { scope: "row" }, name), methods.map((_, j) => cell(i, j))))));
  }

  /** Two matrices side by side: what is chosen, and the mean over all. */
  function matrices(what, everything, methods, lists, mean) {
    const own = (i, j) => shared(lists.get(methods[i].key), lists.get(methods[j].key));
    return el("div", { class: "ex-pair" },
      scroller(`${what}: how many of ten neighbours two methods share`,
        matrix(methods, own, 0)),
      scroller(`The same, mean over ${everything}`, matrix(methods, mean, 1)));
  }

  /** A sentence on how far the lists agree. */
  function agreementWords(found, methods, noun) {
    const counts = [...found.values()].map((ranks) => ranks.size);
    const alone = counts.filter((count) => count === 1).length;
    const all = counts.filter((count) => count === methods.length).length;
    if (methods.length < 2) return "With one method there is nothing to compare. Switch on more.";
    return `${methods.length} methods name ${many(counts.length, noun, noun + "s")} together. ` +
      `In one list only: ${alone}. In all ${methods.length}: ${all || "none"}.`;
  }

  /** The most agreed neighbours first: [[neighbour, ranks], ...]. */
  function consensus(found) {
    const sum = (ranks) => [...ranks.values()].reduce((a, b) => a + b, 0);
    return [...found].sort(
      ([a, x], [b, y]) => y.size - x.size || sum(x) - sum(y) || a - b);
  }

  /** Pointing at a neighbour, or reaching it by keyboard, outlines it wherever else it stands. */
  function markSame(container) {
    const over = { pointer: null, focus: null }; // the pointer goes first
    let marked = null;
    const watch = (what, event, item) => container.addEventListener(event, ({ target }) => {
      over[what] = item(target);
      const wanted = over.pointer ?? over.focus;
      if (wanted === marked) return;
      marked = wanted;
      container.querySelectorAll("[data-item]").forEach((node) =>
        node.classList.toggle("ex-same", node.dataset.item === marked));
    });
    const itemOf = (target) => target.closest("[data-item]")?.dataset.item ?? null;
    watch("pointer", "pointerover", itemOf);
    watch("pointer", "pointerleave", () => null);
    watch("focus", "focusin", itemOf);
    watch("focus", "focusout", () => null);
  }

  Object.assign(alikeExplorer, {
    parts: {
      ...{ el, unseen, many, median, places, listOf, narrow, switches, scroller, matrices },
      ...{ agreementWords, consensus, markSame },
    },
  });
})();
