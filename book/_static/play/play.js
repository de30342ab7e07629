/* What the small figures share: elements, numbers, inputs, a plane whose points can be moved.
   A plain script, since pages that are opened as files may not load modules. */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const CALM = 400; // ms without a change before the summary is read out
  let figures = 0; // makes ids of inputs unique on a page with several figures

  /* ---- elements */

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== false && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  const html = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);

  const svg = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  function place(node, attributes) {
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  }

  /* ---- numbers */

  /** As the book prints numbers: a true minus sign, no zeros at the end. */
  function number(value, digits = 3) {
    if (Number.isNaN(value)) return "–";
    if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
    const rounded = Number(value.toFixed(digits)) + 0; // "+ 0" turns −0 into 0
    return String(rounded).replace("-", "−");
  }

  /** The same with zeros at the end, for columns of shares. */
  const fixed = (value, digits = 3) => value.toFixed(digits).replace("-", "−");

  /** A number inside a formula: negative ones in brackets. */
  const inner = (value, digits = 2) => (value < 0 ? `(${number(value, digits)})` : number(value, digits));

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const snap = (value, step) => Number((Math.round(value / step) * step).toFixed(6)) + 0;

  /** Exponentials that add up to one; the largest is taken off first, as the book's softmax does. */
  function softmax(scores) {
    const top = Math.max(...scores);
    const grown = scores.map((score) => Math.exp(score - top));
    const sum = grown.reduce((a, b) => a + b, 0);
    return grown.map((value) => value / sum);
  }

  /* ---- inputs */

  /** A labelled number input. It never overwrites what is being typed; on leaving it, what is
      not a number goes back, and what is out of range goes to the nearest end. */
  function numberField(figure, { label, name, low, high, step = 0.1, change }) {
    const id = figure.id();
    const input = html("input", {
      type: "number", id, min: low, max: high, step,
      inputmode: low < 0 ? false : "decimal", // some phones' decimal keys have no minus
      "aria-label": name === label ? false : name,
    });
    let last = 0;
    const fits = (value) => Number.isFinite(value) && value >= low && value <= high;
    const write = () => { input.value = String(Number(last.toFixed(4))); };
    input.addEventListener("focus", () => figure.begin());
    input.addEventListener("input", () => {
      const value = input.valueAsNumber;
      input.setAttribute("aria-invalid", String(!fits(value)));
      if (fits(value)) change((last = value));
    });
    input.addEventListener("change", () => {
      const value = input.valueAsNumber;
      if (!fits(value)) {
        if (Number.isFinite(value)) change((last = clamp(value, low, high)));
        figure.say(`${name}: from ${number(low)} to ${number(high)}; it is ${number(last)} now.`);
      }
      input.removeAttribute("aria-invalid");
      write();
    });
    const set = (value) => {
      last = value;
      if (document.activeElement !== input) write();
    };
    return { input, set, node: html("span", { class: "play-field" }, html("label", { for: id }, label), input) };
  }

  /** A slider; `shown` turns its value into what a screen reader says. */
  function slider(figure, { name, low, high, step, change, shown = number }) {
    const input = html("input", { type: "range", min: low, max: high, step, "aria-label": name });
    input.addEventListener("pointerdown", () => figure.begin());
    input.addEventListener("keydown", () => figure.begin());
    input.addEventListener("input", () => change(input.valueAsNumber));
    const set = (value) => {
      if (input.valueAsNumber !== value) input.value = String(value);
      input.setAttribute("aria-valuetext", shown(value));
    };
    return { input, set };
  }

  const button = (figure, text, act) =>
    html("button", { type: "button", onclick: () => { figure.begin(); act(); } }, text);

  /** One of several, as native radio buttons. */
  function choice(figure, legend, options, change) {
    const group = figure.id();
    const inputs = options.map((text, place) =>
      html("input", { type: "radio", name: group, value: place, onchange: () => change(place) }));
    const labels = options.map((text, place) => html("label", {}, inputs[place], ` ${text}`));
    const node = html("fieldset", {}, html("legend", {}, legend), ...labels);
    return { node, set: (place) => { inputs[place].checked = true; } };
  }

  /* ---- tables */

  /** A table of texts with row heads; `write(rows)` changes cells only where their text changes. */
  function table(caption, heads, rows) {
    const cells = rows.map(() => heads.slice(1).map(() => html("td")));
    const body = rows.map((head, i) =>
      html("tr", {}, html("th", { scope: "row" }, head), ...cells[i]));
    const node = html("table", {},
      html("caption", {}, caption),
      html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))),
      html("tbody", {}, ...body));
    const write = (texts) => texts.forEach((row, i) => row.forEach((text, j) => {
      if (cells[i][j].textContent !== text) cells[i][j].textContent = text;
    }));
    return { node, write, rows: body, cells };
  }

  /* ---- the plane */

  /** A square of the plane from −reach to reach, with axes; x to the right, y up. */
  function plane(figure, { label, axes, reach }) {
    const size = 360, middle = size / 2, unit = (middle - 16) / reach;
    const x = (value) => middle + value * unit;
    const y = (value) => middle - value * unit;
    const grid = [];
    for (let k = -reach; k <= reach; k++) {
      const kind = k === 0 ? "axis" : "grid";
      grid.push(svg("line", { class: kind, x1: x(k), x2: x(k), y1: y(-reach), y2: y(reach) }));
      grid.push(svg("line", { class: kind, y1: y(k), y2: y(k), x1: x(-reach), x2: x(reach) }));
    }
    const names = [
      svg("text", { class: "axis-name", x: x(reach), y: y(0) + 16, "text-anchor": "end" }, axes[0]),
      svg("text", { class: "axis-name", x: x(0) + 7, y: y(reach) + 5 }, axes[1]),
    ];
    const drawing = svg("g"), handles = svg("g");
    const node = svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "group", "aria-label": label },
      ...grid, ...names, drawing, handles);
    const spot = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM().inverse());
      return [(at.x - middle) / unit, (middle - at.y) / unit];
    };
    const self = { node, drawing, handles, x, y, unit, reach, spot, axes };
    self.handle = (options) => handle(figure, self, options);
    return self;
  }

  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  /** A point of the plane that mouse, finger and arrow keys move by tenths, Shift by ones. */
  function handle(figure, board, { name, mark, shape, move }) {
    const node = svg("g", {
      class: `handle ${mark}`, tabindex: 0, role: "slider", "aria-roledescription": "two-way slider",
      "aria-label": name, "aria-valuemin": -board.reach, "aria-valuemax": board.reach,
    }, ...shape);
    let at = [0, 0], grip = null;
    const go = (point) => move(point.map((value) => clamp(snap(value, 0.1), -board.reach, board.reach)));
    node.addEventListener("keydown", (event) => {
      const way = KEYS[event.key];
      if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      figure.begin();
      go(at.map((value, axis) => value + way[axis] * (event.shiftKey ? 1 : 0.1)));
    });
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      node.focus({ preventScroll: true });
      node.setPointerCapture(event.pointerId);
      figure.begin();
      const held = board.spot(event);
      grip = at.map((value, axis) => value - held[axis]); // the point does not jump to the finger
    });
    node.addEventListener("pointermove", (event) => {
      if (grip) go(board.spot(event).map((value, axis) => value + grip[axis]));
    });
    // A finger on a point moves the point, not the page: Chromium ignores touch-action inside a drawing.
    node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { grip = null; });
    board.handles.append(node);
    const set = (point) => {
      at = point;
      place(node, {
        transform: `translate(${board.x(at[0])} ${board.y(at[1])})`,
        "aria-valuenow": number(at[0]).replace("−", "-"),
        "aria-valuetext": at.map((value, axis) => `${board.axes[axis]} ${number(value, 2)}`).join(", "),
      });
    };
    return { node, set };
  }

  /** Lines of text above a point of the upper half and below one of the lower half, but always
      inside the picture. */
  function label(board, node, [px, py], lines, far = 24) {
    const high = far + 16 * (lines.length - 1), room = py > 0 ? board.y(py) - high : 350 - board.y(py) - high;
    const first = (py > 0) === (room > 10) ? -high : far + 12;
    const x = clamp(board.x(px), 34, 326);
    node.replaceChildren(...lines.map((text, k) =>
      svg("tspan", { x, y: board.y(py) + first + 16 * k, "text-anchor": "middle" }, text)));
  }

  /* ---- a figure */

  /** Build every figure of this name on the page, each with its own state. */
  function define(name, build) {
    for (const root of document.querySelectorAll(`figure.play[data-play="${name}"]`)) {
      const prefix = `play-${(figures += 1)}`;
      const summary = html("p", { class: "play-summary", "aria-live": "polite" });
      const stage = html("div", { class: "play-stage" });
      let ids = 0, timer = 0;
      const write = (text) => { if (summary.textContent !== text) summary.textContent = text; };
      const figure = {
        stage,
        id: () => `${prefix}-${(ids += 1)}`,
        begin: () => {}, // a figure that compares with the state before a move replaces it
        say: (text) => { // not while a hand still moves, and not when the page opens
          clearTimeout(timer);
          if (!summary.isConnected) write(text);
          else timer = setTimeout(write, CALM, text);
        },
      };
      build(figure, JSON.parse(root.dataset.start));
      root.querySelector(".play-static").remove();
      root.append(stage, summary);
    }
  }

  window.AlikePlay = {
    define, html, svg, place, number, fixed, inner, clamp, softmax, numberField, slider, button, choice,
    table, plane, label,
  };
})();
