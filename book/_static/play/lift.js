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
  const counts = AlikePlay.table("Baskets", ["", `with ${two}`, `without ${two}`, "all"],
    [`with ${one}`, `without ${one}`, "all"]);
  const rows = Object.keys(measures(start));
  const told = AlikePlay.table("The measures, with the numbers filled in", ["measure", "how", "now", "before"], rows);

  /* The picture: all baskets as a strip, those with each product as a bar on it, overlapping. */
  const WIDE = 360, X0 = 6, FULL = 348;
  const strips = ["", "mark-0", "mark-1"].map((mark, k) => svg("rect", { class: `strip ${mark}`, x: X0, y: 26 + 44 * k, height: 18, width: 0 }));
  const shared = [1, 2].map((k) => svg("rect", { class: "shared", y: 26 + 44 * k, height: 18 }));
  const texts = strips.map((_, k) => svg("text", { class: "small", x: X0, y: 20 + 44 * k }));
  const mark = svg("line", { class: "limit", y1: 66, y2: 136 });
  const markText = svg("text", { class: "small", y: 150 });
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} 158`, role: "img", "aria-label": "Strips of the baskets; the table has the same numbers" },
    ...strips, ...shared, ...texts, mark, markText);

  figure.stage.append(
    html("div", { class: "play-picture" }, picture, html("div", { class: "play-table" }, counts.node)),
    html("div", { class: "play-controls" },
      html("fieldset", {}, html("legend", {}, "Counts"),
        ...parts.map(({ field, slider }) => html("div", { class: "play-row" }, field.node, slider.input))),
      html("div", {}, reset)),
    html("div", { class: "play-table" }, told.node),
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
    const { baskets, first, second, both } = state, w = (count) => count / baskets * FULL;
    const from = [0, 0, first - both]; // the second product begins where the shared baskets begin
    [baskets, first, second].forEach((count, k) => {
      place(strips[k], { x: X0 + w(from[k]), width: w(count) });
    });
    shared.forEach((node) => place(node, { x: X0 + w(first - both), width: w(both) }));
    texts[0].textContent = `all ${baskets} baskets`;
    texts[1].textContent = `${first} with ${one}`;
    texts[2].textContent = `${second} with ${two}; both: ${both}`;
    const at = X0 + w(first - Math.min(expected, first));
    place(mark, { x1: at, x2: at });
    place(markText, { x: at > WIDE / 2 ? at - 5 : at + 5, "text-anchor": at > WIDE / 2 ? "end" : "start" });
    markText.textContent = `by accident, both would begin here`;
  }

  restart();
});
