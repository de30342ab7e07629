/* The explorer's first view: a product of the catalogue and its neighbours. */
"use strict";

(() => {
  const { el, unseen, many, median, places, listOf, narrow, scroller, matrices, consensus } =
    alikeExplorer.parts;
  const { LENGTH } = alikeExplorer;
  const AGREED = 12; // rows of the table of agreement
  const SIGNS = {
    type: { mark: "●", words: "same type" },
    category: { mark: "◐", words: "same category" },
    other: { mark: "○", words: "elsewhere in the shop" },
  };

  /** Which of the three signs a neighbour carries. */
  function relation(catalogue, product, neighbour) {
    const same = (labels) => labels[product] === labels[neighbour];
    if (same(catalogue.type)) return "type";
    return same(catalogue.category) ? "category" : "other";
  }

  const department = (catalogue, item) => catalogue.departments[catalogue.department[item]];

  /** Where a product stands among all, by buyers. */
  function standing(catalogue, product) {
    const { buyers, count, weeks } = catalogue;
    const more = buyers.filter((b) => b > buyers[product]).length;
    const fewer = buyers.filter((b) => b < buyers[product]).length;
    const ahead = Math.floor((100 * fewer) / count);
    const place = more === 0 ? "No product has more buyers"
      : ahead === 0 ? "Hardly a product has fewer buyers"
      : `More buyers than ${ahead} of 100 products have`;
    return `${many(buyers[product], "household", "households")} bought it in weeks ${weeks}. ` +
      `${place} (rank ${(more + 1).toLocaleString("en")} of ${count.toLocaleString("en")}).`;
  }

  /** Everything that one product's page needs at hand. */
  function makeScene(catalogue, product, lists, state, link) {
    const methods = catalogue.methods.filter(({ key }) => state.methods.includes(key));
    const shown = new Map(methods.map(({ key }) => [key, lists.methods.get(key)]));
    const only = state.only && state.department;
    const passes = (item) => !only || department(catalogue, item) === state.department;
    return { catalogue, product, lists, state, link, methods, shown, passes,
      found: places(shown) };
  }

  /** A product's sign and its name as a link. */
  function nameLink({ catalogue, product, link }, item) {
    const kind = relation(catalogue, product, item);
    return [
      el("span", { class: "ex-sign", "aria-hidden": "true" }, SIGNS[kind].mark),
      el("a", { href: link({ product: catalogue.ids[item] }), "data-item": item },
        catalogue.names[item]),
      unseen(`, ${SIGNS[kind].words}`),
    ];
  }

  function neighbour(scene, item, rank) {
    const inLists = scene.found.get(item)?.size;
    const agreed = inLists ? ` · in ${inLists} of ${scene.methods.length} lists` : "";
    return el("li", { value: rank },
      nameLink(scene, item),
      el("span", { class: "ex-meta" },
        `${many(scene.catalogue.buyers[item], "buyer", "buyers")}${agreed}`));
  }

  function facts(scene) {
    const { catalogue, product } = scene;
    const rows = [
      ["Department", department(catalogue, product)],
      ["Category", catalogue.categories[catalogue.category[product]]],
      ["Type", catalogue.types[catalogue.type[product]]],
      ["Product number", catalogue.ids[product]],
    ];
    return [
      el("dl", { class: "ex-facts" },
        rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
      el("p", {}, standing(catalogue, product)),
    ];
  }

  function lists(scene, onlyBox, phone) {
    const where = `from other departments than ${scene.state.department}:`;
    const container = el("div", { class: "ex-lists", id: "ex-lists" },
      scene.methods.map((method) =>
        listOf(method, scene.shown.get(method.key),
          (item, rank) => (scene.passes(item) ? neighbour(scene, item, rank) : null), where)));
    const current = scene.shown.has(phone.key) ? phone.key : scene.methods[0]?.key;
    const choice = narrow(container, scene.methods, current, (key) => (phone.key = key));
    choice.choose();
    return [
      el("h3", {}, "Neighbours, method by method"),
      el("p", { class: "ex-legend" }, Object.values(SIGNS).flatMap(({ mark, words }) => [
        el("span", { class: "ex-sign", "aria-hidden": "true" }, mark), `${words} `])),
      onlyBox,
      filterWords(scene),
      scene.methods.length ? choice.node
        : el("p", { class: "ex-remark" }, "No method is switched on. Switch one on above."),
      container,
    ];
  }

  /** What the department filter leaves out, in one sentence. */
  function filterWords({ state, shown, passes }) {
    if (!state.only || !state.department) return null;
    const all = [...shown.values()].flat();
    const hidden = all.filter((item) => !passes(item)).length;
    return el("p", { class: "ex-remark", id: "ex-filtered" },
      `Neighbours outside ${state.department} are left out of these lists: ` +
      `${hidden} of ${all.length}. Agreement and the tables below count all of them.`);
  }

  function agreement(scene) {
    const { methods, found, catalogue } = scene;
    const index = methods.map(({ key }) => catalogue.methods.findIndex((m) => m.key === key));
    const mean = (i, j) => LENGTH * catalogue.overlap[index[i]][index[j]];
    const parts = [el("h3", {}, "Where the methods agree"),
      el("p", {}, alikeExplorer.parts.agreementWords(found, methods, "product"))];
    if (methods.length < 2) return parts;
    return [...parts, agreedTable(scene),
      matrices("This product", "all products", methods, scene.shown, mean)];
  }

  function agreedTable(scene) {
    const { methods, found } = scene;
    const rank = (ranks, { key }) => el("td", { class: ranks.has(key) ? "ex-in" : null },
      ranks.has(key) ? String(ranks.get(key)) : unseen("not listed"));
    const rows = consensus(found).slice(0, AGREED).map(([item, ranks]) =>
      el("tr", {},
        el("th", { scope: "row" }, nameLink(scene, item)),
        el("td", {}, `${ranks.size} of ${methods.length}`),
        methods.map((method) => rank(ranks, method))));
    const caption = "The neighbours that most methods name, and their rank in each list";
    return scroller(caption, el("table", { class: "ex-agreed" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Neighbour"),
        el("th", { scope: "col" }, "Lists"),
        methods.map(({ name }) => el("th", { scope: "col", class: "ex-upright" },
          el("span", {}, name))))),
      el("tbody", {}, rows)));
  }

  /** Two lists after chapter 22, made from two counts. */
  function relations(scene) {
    const chapter = el("a", { href: "2-baselines/22-behaviour.html#substitutes-against-complements" },
      "Chapter 22");
    const column = (title, words, items) =>
      el("section", {}, el("h4", {}, title), el("p", { class: "ex-note" }, words),
        items.length ? el("ol", {}, items.map((item, i) => neighbour(scene, item, i + 1)))
          : el("p", { class: "ex-remark" },
            "No product meets these conditions."));
    return [
      el("h3", {}, "Instead of it, or with it"),
      el("div", { class: "ex-pair" },
        column("Substitutes", scene.catalogue.relations.substitutes, scene.lists.substitutes),
        column("Complements", scene.catalogue.relations.complements, scene.lists.complements)),
      el("p", {}, chapter, " explains the comparison of two counts behind these lists, and where " +
        "it goes wrong."),
    ];
  }

  /** Which methods lean on what sells, and which on the shop's own labels. */
  function leanings(scene) {
    const { catalogue, methods, shown, product } = scene;
    const buyersOf = (list) => median(list.map((item) => catalogue.buyers[item]));
    const middle = median(catalogue.buyers);
    const most = Math.max(...methods.map(({ key }) => buyersOf(shown.get(key)) || 0), middle);
    const mates = catalogue.type.filter((type) => type === catalogue.type[product]).length - 1;
    const alike = (list) => mates
      ? `${list.filter((item) => relation(catalogue, product, item) === "type").length} of ` +
        `${Math.min(LENGTH, mates)}`
      : "no other";
    const row = (method) => {
      const list = shown.get(method.key);
      const at = catalogue.methods.indexOf(method);
      const own = buyersOf(list);
      return el("tr", {}, el("th", { scope: "row" }, method.name),
        el("td", { class: "ex-bar", style: `--bar: ${(100 * (own || 0)) / most}%` },
          list.length ? Math.round(own).toLocaleString("en") : "–"),
        el("td", {}, Math.round(catalogue.medianBuyers[at]).toLocaleString("en")),
        el("td", {}, alike(list)),
        el("td", {}, `${Math.round(100 * catalogue.sameType[at])} %`));
    };
    const caption = "Buyers of the middle neighbour; and how many neighbours are of the same type, " +
      "out of as many as the list could hold (ten at most)";
    return [
      el("h3", {}, "What sells, and what is labelled alike"),
      el("p", {}, `The middle product of the catalogue has ${Math.round(middle)} buyers. A method ` +
        "whose neighbours have many more leans on what sells."),
      scroller(caption, el("table", { class: "ex-leanings" },
        el("thead", {}, el("tr", {}, ["Method", "Buyers, this product", "Buyers, all products",
          "Same type, this product", "Same type, all products"].map((text) =>
          el("th", { scope: "col" }, text)))),
        el("tbody", {}, methods.map(row)))),
    ];
  }

  /** The whole panel of a product, heading first. */
  function panel(scene, onlyBox, phone) {
    const heading = el("h2", { tabindex: "-1", id: "ex-title" },
      scene.catalogue.names[scene.product]);
    return [heading, ...facts(scene), ...lists(scene, onlyBox, phone), ...agreement(scene),
      ...relations(scene), ...(scene.methods.length ? leanings(scene) : [])].filter(Boolean);
  }

  Object.assign(alikeExplorer, { groceries: { makeScene, panel, department } });
})();
