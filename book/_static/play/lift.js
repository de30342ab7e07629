/* Two products in some baskets: one table of counts, six ways to read it. */
AlikePlay.define("lift", (figure, start) => {
  "use strict";
  const { html, svg, place, number } = AlikePlay;
  const [one, two] = start.products;
  const ratio = (above, below) => (below > 0 ? above / below : 0);

  /** Name of a measure -> [how, with the numbers filled in; its value]. */
  function measures({ baskets, first, second, both, shrinkage }) {
    const expected = first * second / baskets, either = first + second - both;
    const lift = (both + shrinkage) / (expected + shrinkage);
    const s = shrinkage ? ` + ${number(shrinkage)}` : "";
    return {
      "shared by accident": [`${first} · ${second} / ${baskets}`, expected],
      [`P(${two} | ${one})`]: [`${both} / ${first}`, ratio(both, first)],
      [`P(${one} | ${two})`]: [`${both} / ${second}`, ratio(both, second)],
      Jaccard: [`${both} / ${either}`, ratio(both, either)],
      cosine: [`${both} / √(${first} · ${second})`, ratio(both, Math.sqrt(first * second))],
      lift: [s ? `(${both}${s}) / (${number(expected, 2)}${s})` : `${both} / ${number(expected, 2)}`, lift],
      PMI: ["ln lift", Math.log(lift)],
    };
  }

  /* ---- the parts */

  let state, before;
  const NAMES = {
    baskets: "baskets", first: `with ${one}`, second: `with ${two}`, both: "with both", shrinkage: "shrinkage s",
  };
  const LEAST = { baskets: 10, first: 1, second: 1, both: 0, shrinkage: 0 };
  const MOST = { baskets: 1000, first: 1000, second: 1000, both: 1000, shrinkage: 20 };
  const parts = Object.keys(NAMES).map((key) => ({
    key,
    field: AlikePlay.numberField(figure, {
      label: NAMES[key], name: NAMES[key], low: LEAST[key], high: MOST[key], step: 1,
      change: (value) => set(key, Math.round(value)),
    }),
    slider: AlikePlay.slider(figure, {
      name: `${NAMES[key]}, slider`, low: LEAST[key], high: MOST[key], step: 1, change: (value) => set(key, value),
    }),
  }));
  const reset = AlikePlay.button(figure, "Reset", restart);
  const counts = AlikePlay.table("Two by two", ["baskets", `with ${two}`, `without ${two}`, "all"],
    [`with ${one}`, `without ${one}`, "all"]);
  const rows = Object.keys(measures(start));
  const told = AlikePlay.table("With the numbers filled in", ["measure", "how", "now", "before"], rows);

  /* The picture: strips of baskets. Those with both stand where the two products' strips overlap;
     the dashed mark ends where they would end by accident. */
  const WIDE = 360, X0 = 6, FULL = 348;
  const top = (k) => 24 + 42 * k;
  const kinds = ["strip", "strip mark-0", "strip mark-1", "strip both"];
  const strips = kinds.map((kind, k) => svg("rect", { class: kind, y: top(k), height: 16 }));
  const texts = kinds.map((_, k) => svg("text", { class: "small", x: X0, y: top(k) - 6 }));
  const mark = svg("path", { class: "limit" });
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} 184`, role: "img", "aria-label": "Strips of baskets; the table below has the same numbers" },
    ...strips, ...texts, mark);

  figure.stage.append(
    html("div", { class: "play-picture" }, picture, html("div", { class: "play-table" }, counts.node)),
    html("div", { class: "play-controls" },
      html("fieldset", {}, html("legend", {}, "Counts"),
        ...parts.map(({ field, slider }) => html("div", { class: "play-row" }, field.node, slider.input))),
      html("div", {}, reset)),
    html("div", { class: "play-table play-wide" }, told.node),
  );
  figure.begin = () => { before = state && { ...state }; };

  /* ---- changes */

  /** Change one count; the others give way, so that the table stays possible. */
  function set(key, value) {
    state[key] = value;
    const { clamp } = AlikePlay;
    if (key === "baskets") {
      state.first = Math.min(state.first, value);
      state.second = Math.min(state.second, value);
    } else if (key === "first" || key === "second") state[key] = Math.min(value, state.baskets);
    state.both = clamp(state.both, Math.max(0, state.first + state.second - state.baskets), Math.min(state.first, state.second));
    update();
  }
  function restart() {
    const { baskets, first, second, both, shrinkage } = start;
    state = { baskets, first, second, both, shrinkage };
    before = null;
    update();
  }

  function update() {
    const { baskets, first, second, both } = state;
    parts.forEach(({ key, field, slider }) => {
      field.set(state[key]);
      slider.input.max = { first: baskets, second: baskets, both: Math.min(first, second) }[key] ?? MOST[key];
      slider.set(state[key]);
    });
    counts.write([
      [both, first - both, first],
      [second - both, baskets - first - second + both, baskets - first],
      [second, baskets - second, baskets],
    ].map((row) => row.map(String)));
    const now = measures(state), then = before && measures(before);
    const text = (found, row) => number(found[row][1]);
    told.write(rows.map((row) => [now[row][0], text(now, row),
      !then ? "–" : text(then, row) === text(now, row) ? "the same" : text(then, row)]));
    told.rows.forEach((line, k) =>
      line.classList.toggle("changed", Boolean(then) && text(then, rows[k]) !== text(now, rows[k])));
    draw(now["shared by accident"][1]);
    const than = now.lift[1] > 1 ? "more often than" : now.lift[1] < 1 ? "less often than" : "as often as";
    figure.say(`${both} baskets hold both, ${number(now["shared by accident"][1], 1)} would by accident: `
      + `lift ${text(now, "lift")}, ${than} chance. Cosine ${text(now, "cosine")}.`);
  }

  function draw(expected) {
    const { baskets, first, second, both } = state, width = (count) => count / baskets * FULL;
    const begin = [0, 0, first - both, first - both];
    [baskets, first, second, both].forEach((count, k) => {
      place(strips[k], { x: X0 + width(begin[k]), width: width(count) });
    });
    [`all ${baskets} baskets`, `${first} with ${one}`, `${second} with ${two}`,
      `${both} with both; dashed: ${number(expected, 1)} by accident`].forEach((text, k) => { texts[k].textContent = text; });
    place(mark, { d: `M ${X0 + width(first - both)} ${top(3) + 21} h ${width(expected)} v -10` });
  }

  restart();
});
