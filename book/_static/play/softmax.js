/* Scores, divided by a temperature, become shares: how sure is the softmax? */
AlikePlay.define("softmax", (figure, start) => {
  "use strict";
  const { html, svg, place, number, fixed } = AlikePlay;
  const { products } = start;
  const COLD = 0.01, HOT = 100;

  /* ---- the mathematics */

  /** Shares of a softmax at a temperature, and what they add up to in words: entropy in nats, and
      its exponential, the number of equally likely products that would be as unsure. */
  function shares(scores, temperature) {
    return AlikePlay.softmax(scores.map((score) => score / temperature));
  }
  function entropy(parts) {
    return parts.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0) + 0;
  }
  const effective = (parts) => Math.exp(entropy(parts));

  /* ---- bars: HTML would do, but the dashed line of 1/n belongs into the same picture */

  const WIDE = 360, ROW = 30, LEFT = 104, FULL = 196;
  const rowY = (k) => 8 + k * ROW;
  const bars = products.map((_, k) => svg("rect", { class: "bar", x: LEFT, y: rowY(k), height: 20, width: 0 }));
  const labels = products.map((name, k) => svg("text", { class: "name", x: LEFT - 8, y: rowY(k) + 15, "text-anchor": "end" }, name));
  const told = products.map((_, k) => svg("text", { class: "told", y: rowY(k) + 15 }));
  const foot = rowY(products.length);
  const even = LEFT + FULL / products.length;
  const barChart = svg("svg", { viewBox: `0 0 ${WIDE} ${foot + 20}`, role: "img", "aria-label": "Bars of the shares; the table has the same numbers" },
    svg("line", { class: "limit", x1: even, x2: even, y1: 2, y2: foot }),
    ...bars, ...labels, ...told,
    svg("text", { class: "small", x: even, y: foot + 13, "text-anchor": "middle" }, `all equal: 1/${products.length}`));

  /* ---- the curve: effective number of products against the temperature, on a log axis */

  const TALL = 168, X0 = 40, X1 = 340, Y0 = 132, Y1 = 26;
  const curveX = (t) => X0 + (Math.log10(t) - Math.log10(COLD)) / Math.log10(HOT / COLD) * (X1 - X0);
  const curveY = (count) => Y0 - (count - 1) / (products.length - 1) * (Y0 - Y1);
  const curve = svg("path", { class: "curve" }), here = svg("circle", { class: "here", r: 6 });
  const decades = [0.01, 0.1, 1, 10, 100];
  const curveChart = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, role: "img", "aria-label": "Effective number of products against the temperature; the sentence below has the number" },
    ...[1, products.length].flatMap((count) => [
      svg("line", { class: "limit", x1: X0, x2: X1, y1: curveY(count), y2: curveY(count) }),
      svg("text", { class: "small", x: X0 - 8, y: curveY(count) + 4, "text-anchor": "end" }, String(count))]),
    ...decades.map((t) => svg("text", { class: "small", x: curveX(t), y: Y0 + 16, "text-anchor": "middle" }, String(t))),
    svg("text", { class: "small", x: (X0 + X1) / 2, y: Y0 + 30, "text-anchor": "middle" }, "temperature τ"),
    svg("text", { class: "small", x: X0, y: Y1 - 8 }, "effective number of products"),
    curve, here);

  /* ---- inputs */

  let scores, temperature;
  const sliders = products.map((name, k) => AlikePlay.slider(figure, {
    name: `Score of ${name}, slider`, low: -1, high: 1, step: 0.05, change: (value) => setScore(k, value),
  }));
  const fields = products.map((name, k) => AlikePlay.numberField(figure, {
    label: name, name: `Score of ${name}`, low: -1, high: 1, step: 0.05, change: (value) => setScore(k, value),
  }));
  const heat = AlikePlay.slider(figure, {
    name: "Temperature, slider on a log scale", low: -2, high: 2, step: 0.01,
    shown: (power) => number(10 ** power, 3), change: (power) => setTemperature(10 ** power),
  });
  const heatField = AlikePlay.numberField(figure, {
    label: "temperature τ", name: "temperature τ", low: COLD, high: HOT, step: "any", change: setTemperature,
  });
  const ends = [["coldest", COLD], ["τ = 1", 1], ["hottest", HOT]].map(([text, t]) =>
    AlikePlay.button(figure, text, () => setTemperature(t)));
  const reset = AlikePlay.button(figure, "Reset", restart);
  const board = AlikePlay.table("From score to share", ["product", "score", "score / τ", "share"], products);

  figure.stage.append(
    html("div", { class: "play-picture" }, barChart, curveChart),
    html("div", { class: "play-controls" },
      html("fieldset", {}, html("legend", {}, "Temperature"),
        html("div", { class: "play-row" }, heatField.node, heat.input),
        html("div", { class: "play-row" }, ...ends)),
      html("fieldset", {}, html("legend", {}, "Scores: cosines, from −1 to 1"),
        ...products.map((_, k) => html("div", { class: "play-row" }, fields[k].node, sliders[k].input))),
      html("div", {}, reset)),
    html("div", { class: "play-table play-wide" }, board.node),
  );

  /* ---- changes */

  function setScore(k, value) {
    scores[k] = value;
    update();
  }
  function setTemperature(value) {
    temperature = value;
    update();
  }
  function restart() {
    scores = [...start.scores];
    temperature = start.temperature;
    update();
  }

  function update() {
    const parts = shares(scores, temperature), most = Math.max(...parts);
    sliders.forEach((one, k) => one.set(scores[k]));
    fields.forEach((one, k) => one.set(scores[k]));
    heat.set(Math.log10(temperature));
    heatField.set(temperature);
    drawBars(parts, most);
    drawCurve(parts);
    board.write(scores.map((score, k) => [number(score), number(score / temperature), fixed(parts[k])]));
    const first = products.filter((_, k) => parts[k] > most - 1e-9); // ties, rounding aside
    figure.say(`At temperature ${number(temperature)}, the largest share is ${fixed(most)} `
      + `(${first.join(" and ")}). Entropy ${number(entropy(parts))} nats: as unsure as `
      + `${number(effective(parts), 2)} equal products.`);
  }

  function drawBars(parts, most) {
    parts.forEach((part, k) => {
      place(bars[k], { width: part * FULL, class: part === most ? "bar most" : "bar" });
      place(told[k], { x: LEFT + part * FULL + 6 });
      told[k].textContent = fixed(part);
    });
  }

  function drawCurve(parts) {
    const steps = Array.from({ length: 81 }, (_, k) => 10 ** (-2 + k / 20));
    const points = steps.map((t) => `${curveX(t).toFixed(1)} ${curveY(effective(shares(scores, t))).toFixed(1)}`);
    place(curve, { d: `M ${points.join(" L ")}` });
    place(here, { cx: curveX(temperature), cy: curveY(effective(parts)) });
  }

  restart();
});
