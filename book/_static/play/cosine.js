/* Two texts as arrows: what a move changes in the dot product, the cosine, Jaccard and Euclid. */
AlikePlay.define("cosine", (figure, start) => {
  "use strict";
  const { html, svg, place, number, inner } = AlikePlay;
  const { names, axes, reach } = start;

  /* ---- the measures of the chapter; a row of zeros is like nothing */

  const dot = (x, y) => x[0] * y[0] + x[1] * y[1];
  const length = (x) => Math.sqrt(dot(x, x));
  const ratio = (above, below) => (below > 0 ? above / below : 0);

  function cosine(x, y) {
    return AlikePlay.clamp(ratio(dot(x, y), length(x) * length(y)), -1, 1);
  }
  function filled(x, y) {
    const both = x.filter((value, k) => value !== 0 && y[k] !== 0).length;
    const either = x.filter((value, k) => value !== 0 || y[k] !== 0).length;
    return { both, either };
  }
  const isZero = (x) => length(x) === 0;

  /** Name of a measure -> [how, with the numbers filled in; its value as text]. */
  function measures([x, y]) {
    const product = dot(x, y), { both, either } = filled(x, y);
    const lengths = [length(x), length(y)];
    const none = isZero(x) || isZero(y);
    const gap = [x[0] - y[0], x[1] - y[1]];
    return {
      "dot product": [`${inner(x[0])}·${inner(y[0])} + ${inner(x[1])}·${inner(y[1])}`, number(product)],
      [`length of ${names[0]}`]: [`√(${inner(x[0])}² + ${inner(x[1])}²)`, number(lengths[0])],
      [`length of ${names[1]}`]: [`√(${inner(y[0])}² + ${inner(y[1])}²)`, number(lengths[1])],
      cosine: [
        none ? "an arrow without length has no direction"
          : `${number(product, 2)} / (${number(lengths[0], 2)} · ${number(lengths[1], 2)})`,
        number(cosine(x, y)),
      ],
      angle: [none ? "none" : "arc cosine", none ? "–" : `${number(Math.acos(cosine(x, y)) * 180 / Math.PI, 1)}°`],
      Jaccard: [`${both} shared of ${either} words`, number(ratio(both, either))],
      Euclid: [`√(${inner(gap[0])}² + ${inner(gap[1])}²)`, number(length(gap))],
    };
  }

  /* ---- the parts */

  let arrows, before;
  const board = AlikePlay.plane(figure, { label: `Two arrows: ${names.join(" and ")}`, axes, reach });
  const circle = svg("circle", { class: "unit", cx: board.x(0), cy: board.y(0), r: board.unit });
  const arc = svg("path", { class: "arc" });
  const lines = names.map((_, k) => svg("line", { class: `arrow mark-${k}`, x1: board.x(0), y1: board.y(0) }));
  const units = names.map((_, k) => svg("circle", { class: `unit-tip mark-${k}`, r: 4 }));
  const texts = names.map(() => svg("text", { class: "name" }));
  board.drawing.append(circle, arc, ...lines, ...units, ...texts);

  const tips = names.map((name, k) => board.handle({
    name: `Tip of ${name}`, mark: `mark-${k}`,
    shape: [svg("circle", { class: "hit", r: 22 }),
      k ? svg("rect", { class: "dot", x: -7, y: -7, width: 14, height: 14 }) : svg("circle", { class: "dot", r: 8 })],
    move: (point) => set(k, point),
  }));
  const fields = names.map((name, k) => axes.map((axis, a) => AlikePlay.numberField(figure, {
    label: axis, name: `${name}: ${axis}`, low: -reach, high: reach, step: 0.5,
    change: (value) => set(k, a ? [arrows[k][0], value] : [value, arrows[k][1]]),
  })));
  const grow = names.map((name, k) => AlikePlay.button(figure, `${name} × 2`, () => scale(k, 2)));
  const shrink = names.map((name, k) => AlikePlay.button(figure, `${name} ÷ 2`, () => scale(k, 0.5)));
  const reset = AlikePlay.button(figure, "Reset", restart);

  const rows = Object.keys(measures(start.arrows));
  const told = AlikePlay.table("With the numbers filled in",
    ["measure", "how", "now", "before"], rows);

  const groups = names.map((name, k) => html("fieldset", { class: "play-inputs" },
    html("legend", {}, name), ...fields[k].map((field) => field.node), grow[k], shrink[k]));
  figure.stage.append(
    html("div", { class: "play-picture" }, board.node),
    html("div", { class: "play-table" }, told.node),
    html("div", { class: "play-controls play-wide" }, ...groups, reset),
  );
  figure.begin = () => { before = arrows && arrows.map((arrow) => [...arrow]); };

  /* ---- changes */

  function set(k, point) {
    arrows[k] = point;
    update();
  }
  function scale(k, factor) {
    set(k, arrows[k].map((value) => Number((value * factor).toFixed(4))));
  }
  function restart() {
    arrows = start.arrows.map((arrow) => [...arrow]);
    before = null;
    update();
  }

  function update() {
    draw();
    fields.forEach((pair, k) => pair.forEach((field, a) => field.set(arrows[k][a])));
    grow.forEach((node, k) => { node.disabled = Math.max(...arrows[k].map(Math.abs)) * 2 > reach; });
    const now = measures(arrows), then = before && measures(before);
    const past = (row) => (!then ? "–" : then[row][1] === now[row][1] ? "the same" : then[row][1]);
    told.write(rows.map((row) => [...now[row], past(row)]));
    told.rows.forEach((line, k) =>
      line.classList.toggle("changed", Boolean(then) && then[rows[k]][1] !== now[rows[k]][1]));
    figure.say(`Cosine ${now.cosine[1]}, angle ${now.angle[1]}, dot product ${now["dot product"][1]}, `
      + `Jaccard ${now.Jaccard[1]}.`);
  }

  function draw() {
    arrows.forEach((arrow, k) => {
      tips[k].set(arrow);
      place(lines[k], { x2: board.x(arrow[0]), y2: board.y(arrow[1]) });
      AlikePlay.label(board, texts[k], arrow, [names[k]]);
      const long = length(arrow);
      units[k].style.display = long ? "" : "none";
      if (long) place(units[k], { cx: board.x(arrow[0] / long), cy: board.y(arrow[1] / long) });
    });
    place(arc, { d: arcPath() });
  }

  /** The angle, on the circle of radius one: the short way from the first arrow to the second. */
  function arcPath() {
    const [x, y] = arrows;
    if (isZero(x) || isZero(y)) return "";
    const [a, b] = [x, y].map((v) => [board.x(v[0] / length(v)), board.y(v[1] / length(v))]);
    const turn = x[0] * y[1] - x[1] * y[0];
    return `M ${a.join(" ")} A ${board.unit} ${board.unit} 0 0 ${turn < 0 ? 1 : 0} ${b.join(" ")}`;
  }

  restart();
});
