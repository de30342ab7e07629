/* A search field with a list below it, as the ARIA authoring practices describe a combobox. */
"use strict";

(() => {
  const SHOWN = 12;

  /** Lower case, letters and digits only, a blank before each word. */
  function plain(text) {
    return " " + text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  }

  /** Products that have a word beginning with each word asked for; most bought first. */
  function find(index, text, allowed) {
    const asked = plain(text).trim().split(" ").filter(Boolean);
    return index.filter(
      ({ item, words }) => allowed(item) && asked.every((word) => words.includes(" " + word)),
    );
  }

  /** `names[i]` and `buyers[i]` describe product i; ids can be typed, too. */
  function makeIndex({ names, ids, buyers }) {
    return names
      .map((name, item) => ({ item, words: plain(`${name} ${ids[item]}`) }))
      .sort((a, b) => buyers[b.item] - buyers[a.item] || a.item - b.item);
  }

  /** Bring the field to life.  describe(item) -> node, choose(item), allowed(item), where(). */
  function combobox({ field, list, status, index, describe, choose, allowed, where }) {
    let found = [];
    let active = -1;

    function close() {
      list.hidden = true;
      field.setAttribute("aria-expanded", "false");
      move(-1);
    }

    function move(to) {
      active = to;
      [...list.children].forEach((option, i) =>
        option.setAttribute("aria-selected", String(i === active)),
      );
      const option = list.children[active];
      if (option) option.scrollIntoView({ block: "nearest" });
      if (option) field.setAttribute("aria-activedescendant", option.id);
      else field.removeAttribute("aria-activedescendant");
    }

    function open() {
      found = field.value.trim() || where() ? find(index, field.value, allowed) : [];
      const options = found.slice(0, SHOWN).map(({ item }, i) => {
        const option = describe(item);
        option.id = `ex-option-${i}`;
        option.setAttribute("role", "option");
        return option;
      });
      list.replaceChildren(...options);
      list.hidden = options.length === 0;
      field.setAttribute("aria-expanded", String(options.length > 0));
      move(-1);
      status.textContent = said();
    }

    function said() {
      if (!field.value.trim() && !where()) return "";
      if (!found.length) {
        return `No product ${where()} has a word that begins so. Try fewer letters or fewer words.`;
      }
      const number = found.length.toLocaleString("en");
      if (found.length === 1) return "1 product found.";
      return found.length > SHOWN
        ? `${number} products found; the ${SHOWN} with most buyers are listed.`
        : `${number} products found, most buyers first.`;
    }

    function take(i) {
      const hit = found[i];
      if (!hit) return;
      close();
      field.value = "";
      status.textContent = "";
      choose(hit.item);
    }

    function step(by) {
      if (list.hidden) open();
      const count = list.children.length;
      if (!count) return;
      move(active < 0 ? (by > 0 ? 0 : count - 1) : (active + by + count) % count);
    }

    const keys = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: () => take(Math.max(active, 0)),
      Escape: () => {
        if (list.hidden) {
          field.value = "";
          status.textContent = "";
        } else close();
      },
    };

    field.addEventListener("input", open);
    field.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.isComposing) return;
      event.preventDefault();
      keys[event.key]();
    });
    field.addEventListener("blur", close);
    // A pointer must not take the focus: the field would lose it and close the list first.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      take([...list.children].indexOf(event.target.closest("[role=option]")));
    });

    /** After another department was chosen: its list, or how many products it has. */
    function refresh() {
      if (field.value.trim()) return open();
      const number = index.filter(({ item }) => allowed(item)).length.toLocaleString("en");
      status.textContent =
        where() && `${number} products ${where()}. The down arrow in the field lists the most bought.`;
    }

    return { refresh, close };
  }

  Object.assign(alikeExplorer, { search: { combobox, makeIndex } });
})();
