/* One product of a basket asks the others: score, scale, mask, softmax, mix. */
AlikePlay.define("attention", (figure, start) => {
  "use strict";
  const { html, svg, place, number, fixed } = AlikePlay;
  const { products, axes, reach } = start;
  // The picture counts in units of the pencil's a, with a² = √2 ln 2: scores over √2 are ln 2 times
  // the dot products of what is typed, and their exponentials are powers of two.
  const UNIT = Math.SQRT2 * Math.LN2;

  /* ---- the mathematics */

  const dot = (x, y) => x[0] * y[0] + x[1] * y[1];
  const may = (i, j) => !state.causal || j <= i;
  const score = (i, j) => UNIT * dot(state.queries[i], state.keys[j]);
  const scaled = (i, j) => score(i, j) / Math.sqrt(2);
  const weights = (i) => AlikePlay.softmax(products.map((_, j) => (may(i, j) ? scaled(i, j) : -Infinity)));

  /** The values, which are the keys here, in the shares of the weights. */
  function mix(parts) {
    return [0, 1].map((axis) => parts.reduce((sum, part, j) => sum + part * state.keys[j][axis], 0));
  }

  const coordinates = (point) => point.map((value) => number(value, 2)).join(", ");

  /* ---- the parts */

  let state;
  const board = AlikePlay.plane(figure, { label: "Keys of the products, and the query of the one that asks", axes, reach });
  const links = products.map(() => svg("line", { class: "link" }));
  const arrow = svg("line", { class: "arrow mark-1", x1: board.x(0), y1: board.y(0) });
  const texts = products.map(() => svg("text", { class: "name" }));
  const star = svg("path", { class: "mix", d: "M 0 -9 L 9 0 L 0 9 L -9 0 Z" });
  const starText = svg("text", { class: "name" }, "mix");
  board.drawing.append(...links, arrow, star, starText, ...texts);
  const keys = products.map((name, j) => board.handle({
    name: `Key of ${name}`, mark: "mark-0",
    shape: [svg("circle", { class: "hit", r: 13 }), svg("circle", { class: "dot", r: 7 })],
    move: (point) => setKey(j, point),
  }));
  // A ring: at the start it lies around the key of its own product, and both can be taken hold of.
  const query = board.handle({
    name: "Query", mark: "mark-1 ring",
    shape: [svg("circle", { class: "hit", r: 19 }), svg("circle", { class: "dot", r: 14 })],
    move: (point) => setQuery(point),
  });

  const field = (name, change) => axes.map((axis, a) => AlikePlay.numberField(figure, {
    label: axis, name: `${name}: ${axis}`, low: -reach, high: reach, step: 0.5, change: (value) => change(a, value),
  }));
  const edited = (point, a, value) => (a ? [point[0], value] : [value, point[1]]);
  const keyFields = products.map((name, j) => field(`Key of ${name}`, (a, value) => setKey(j, edited(state.keys[j], a, value))));
  const queryFields = field("Query", (a, value) => setQuery(edited(state.queries[state.asker], a, value)));
  const asker = AlikePlay.choice(figure, "Who asks", products, (i) => { state.asker = i; update(); });
  const mask = AlikePlay.choice(figure, "Mask", ["none", "causal: itself and those before"], (k) => { state.causal = k === 1; update(); });
  const reset = AlikePlay.button(figure, "Reset", restart);
  const work = AlikePlay.table("The one that asks", ["looks at", "q · k", "over √2", "exponential", "share"], products);
  const all = AlikePlay.table("Everybody's shares", ["asks", ...products, "becomes"], products);

  figure.stage.append(
    html("div", { class: "play-picture" }, board.node),
    html("div", {}, asker.node, mask.node, html("div", { class: "play-table" }, work.node)),
    html("div", { class: "play-controls play-wide" },
      html("fieldset", { class: "play-inputs" }, html("legend", {}, "Query of the one that asks"), ...queryFields.map((one) => one.node)),
      html("fieldset", { class: "play-inputs" }, html("legend", {}, "Keys, which are the values too"),
        ...products.map((name, j) => html("div", { class: "play-row" },
          html("span", { class: "play-name" }, name), ...keyFields[j].map((one) => one.node)))),
      reset),
    html("div", { class: "play-table play-wide" }, all.node),
  );

  /* ---- changes */

  function setKey(j, point) {
    state.keys[j] = point;
    update();
  }
  function setQuery(point) {
    state.queries[state.asker] = point;
    update();
  }
  function restart() {
    const copy = () => start.vectors.map((vector) => [...vector]);
    state = { keys: copy(), queries: copy(), asker: start.asker, causal: start.causal };
    update();
  }

  function update() {
    const i = state.asker, parts = weights(i), mixed = mix(parts);
    draw(parts, mixed);
    asker.set(i);
    mask.set(state.causal ? 1 : 0);
    queryFields.forEach((one, a) => one.set(state.queries[i][a]));
    keyFields.forEach((pair, j) => pair.forEach((one, a) => one.set(state.keys[j][a])));
    work.write(products.map((_, j) => (may(i, j)
      ? [number(score(i, j)), number(scaled(i, j)), number(Math.exp(scaled(i, j))), fixed(parts[j])]
      : [number(score(i, j)), "−∞", "0", "masked"])));
    all.write(products.map((_, row) => {
      const own = weights(row);
      return [...own.map((part, j) => (may(row, j) ? fixed(part, 2) : "masked")), coordinates(mix(own))];
    }));
    all.rows.forEach((line, row) => line.classList.toggle("changed", row === i));
    const most = Math.max(...parts);
    const seen = products.filter((_, j) => parts[j] > most - 1e-9); // ties, rounding aside
    const name = products[i][0].toUpperCase() + products[i].slice(1);
    figure.say(`${name} ${state.causal ? "(causal mask) " : ""}looks most at ${seen.join(" and ")} `
      + `(share ${fixed(most)}) and becomes ${coordinates(mixed)}.`);
  }

  function draw(parts, mixed) {
    const asked = state.queries[state.asker];
    state.keys.forEach((key, j) => {
      keys[j].set(key);
      keys[j].node.classList.toggle("masked", !may(state.asker, j));
      const share = may(state.asker, j) ? fixed(parts[j], 2) : "masked";
      AlikePlay.label(board, texts[j], key, [products[j], share]);
      place(links[j], {
        x1: board.x(key[0]), y1: board.y(key[1]), x2: board.x(mixed[0]), y2: board.y(mixed[1]),
        "stroke-width": 12 * parts[j],
      });
    });
    query.set(asked);
    query.node.setAttribute("aria-label", `Query of ${products[state.asker]}`);
    place(arrow, { x2: board.x(asked[0]), y2: board.y(asked[1]) });
    place(star, { transform: `translate(${board.x(mixed[0])} ${board.y(mixed[1])})` });
    place(starText, { x: board.x(mixed[0]) + 12, y: board.y(mixed[1]) + 18 });
  }

  restart();
});
