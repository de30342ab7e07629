/* The explorer's second view: a photograph and the photographs that methods find alike. */
"use strict";

(() => {
  const { el, many, places, listOf, scroller, matrices, consensus, agreementWords } =
    alikeExplorer.parts;
  const { LENGTH } = alikeExplorer;
  const SAMPLES = 8; // photographs of each kind to choose from
  const AGREED = 10;

  const kindOf = (photos, photo) => photos.kinds[photos.kind[photo]];
  const title = (photos, photo) => `${kindOf(photos, photo)}, photograph ${photo}`;

  /** A photograph cut from the picture that holds all of them. */
  function cut(photos, photo, named = true) {
    const column = photo % photos.columns;
    const row = Math.floor(photo / photos.columns);
    const style = `background-image: url("${photos.picture}"); --columns: ${photos.columns}; ` +
      `--column: ${column}; --row: ${row}`;
    const name = named ? { role: "img", "aria-label": title(photos, photo) } : {};
    return el("span", { class: "ex-photo", style, ...name });
  }

  /** A photograph as a link that chooses it. */
  function photoLink(scene, photo) {
    return el("a", { href: scene.link({ photo }), "data-item": photo }, cut(scene.photos, photo));
  }

  /** Some photographs of each kind, the same for everybody. */
  function samples(photos, link) {
    return photos.kinds.map((kind, k) => {
      const some = [];
      for (let i = 0; i < photos.count && some.length < SAMPLES; i++) {
        if (photos.kind[i] === k) some.push(i);
      }
      const id = `ex-kind-${k}`;
      return el("div", {}, el("p", { id }, kind),
        el("ul", { "aria-labelledby": id },
          some.map((photo) => el("li", {}, photoLink({ photos, link }, photo)))));
    });
  }

  function makeScene(photos, photo, state, link) {
    const methods = photos.methods.filter(({ key }) => state.photoMethods.includes(key));
    const all = photos.lists(photo);
    const shown = new Map(methods.map(({ key }) => [key, all.get(key)]));
    return { photos, photo, link, methods, shown, found: places(shown) };
  }

  const isSame = ({ photos, photo }, other) => photos.kind[photo] === photos.kind[other];

  function neighbour(scene, photo, rank) {
    const count = scene.found.get(photo).size;
    return el("li", { value: rank }, photoLink(scene, photo),
      el("span", { class: "ex-meta" },
        el("span", { class: "ex-sign", "aria-hidden": "true" }, isSame(scene, photo) ? "●" : "○"),
        kindOf(scene.photos, photo), el("br"),
        count > 1 ? `in ${count} lists` : "this list only"));
  }

  function lists(scene) {
    const container = el("div", { class: "ex-lists ex-pictures", id: "ex-photo-lists" },
      scene.methods.map((method) => listOf(method, scene.shown.get(method.key),
        (photo, rank) => neighbour(scene, photo, rank), "")));
    return [
      el("h3", {}, "Neighbours, method by method"),
      el("p", { class: "ex-legend" }, el("span", { class: "ex-sign", "aria-hidden": "true" }, "●"),
        "same kind ", el("span", { class: "ex-sign", "aria-hidden": "true" }, "○"), "another kind"),
      scene.methods.length ? null
        : el("p", { class: "ex-remark" }, "No method is switched on. Switch one on above."),
      container,
    ];
  }

  function agreement(scene) {
    const { methods, found, photos } = scene;
    const parts = [el("h3", {}, "Where the methods agree"),
      el("p", {}, agreementWords(found, methods, "photograph"))];
    if (methods.length < 2) return parts;
    const index = methods.map((method) => photos.methods.indexOf(method));
    const top = consensus(found).slice(0, AGREED).map(([photo, ranks]) =>
      el("li", {}, photoLink(scene, photo),
        el("span", { class: "ex-meta" }, `${ranks.size} of ${methods.length} lists`)));
    return [...parts, el("ul", { class: "ex-pictures ex-top" }, top),
      matrices("This photograph", "all photographs", methods, scene.shown,
        (i, j) => LENGTH * photos.overlap[index[i]][index[j]])];
  }

  /** How many of the ten are of the same kind, here and over all. */
  function kinds(scene) {
    const { photos, methods, shown } = scene;
    const row = (method) => {
      const list = shown.get(method.key);
      const same = list.filter((photo) => isSame(scene, photo)).length;
      return el("tr", {}, el("th", { scope: "row" }, method.name),
        el("td", { class: "ex-bar", style: `--bar: ${(100 * same) / (list.length || 1)}%` },
          `${same} of ${list.length}`),
        el("td", {}, (LENGTH * photos.sameKind[photos.methods.indexOf(method)]).toFixed(1)));
    };
    const caption = "Neighbours of the same kind";
    return [
      el("h3", {}, "The same kind?"),
      el("p", {}, `Among the ${photos.count.toLocaleString("en")} photographs shown here. Chapter ` +
        "33 searches all photographs of the test set, so its figures differ."),
      scroller(caption, el("table", { class: "ex-leanings" },
        el("thead", {}, el("tr", {}, ["Method", "This photograph",
          "Of ten, mean over all photographs"].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, methods.map(row)))),
    ];
  }

  function panel(scene) {
    const { photos, photo, methods } = scene;
    const others = [...photos.kind].filter((kind) => kind === photos.kind[photo]).length - 1;
    return [
      el("h2", { tabindex: "-1" }, title(photos, photo)),
      el("p", { class: "ex-chosen" }, cut(photos, photo, false),
        el("span", {}, `One of ${photos.count.toLocaleString("en")} photographs; ` +
          `${many(others, "other shows", "others show")} the same kind.`)),
      ...lists(scene), ...agreement(scene), ...(methods.length ? kinds(scene) : []),
    ].filter(Boolean);
  }

  Object.assign(alikeExplorer, { photographs: { makeScene, panel, samples, title } });
})();
