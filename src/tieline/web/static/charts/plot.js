/** Values over a row of groups: bars stand on one another, lines go through the middle of each group. */

import { element } from "../core/dom.js";
import { reading } from "./reading.js";
import { axis, bandAt, linear } from "./scale.js";
import { onWidth, surface, svg } from "./svg.js";

const USUAL_HEIGHT = 232;
const MARGIN = { top: 12, right: 10, bottom: 26, left: 46 };
const LABEL_WIDTH = 52;
const WIDEST_BAR = 44;

/**
 * Return `{node, update}`. What is drawn: `groups` `[{key, label}]`, `series` `[{label, as: bar|line, tone, values, shown}]` with
 * null where nothing can be said, `domain` of the axis if it is fixed, its `unit` (as `axis` knows it), `written(value)` for it, `label`, `hint`.
 */
export function plot({ pick, height = USUAL_HEIGHT }) {
  let drawn = null;
  let width = 0;
  let cursor = null;
  const read = reading({
    at: (x) => (drawn?.groups.length ? bandAt(x, drawn.groups.length, inside(width)) : null),
    move: (place, by) => stepTo(drawn, place, by),
    tell: (index) => `${drawn.groups[index].label}: ${drawn.series.map(({ label, shown }) => `${label} ${shown[index]}`).join(", ")}`,
    mark: (index) => point(index),
    pick: (index) => pick(drawn.groups[index]),
  });
  const legend = element("ul", { class: "legend" });
  const node = element("div", {}, legend, read.node);
  onWidth(read.canvas, (wide) => {
    width = wide;
    draw();
  });

  function point(index) {
    if (!cursor) return;
    cursor.classList.toggle("on", index !== null);
    if (index !== null) cursor.setAttribute("x", bandStart(index));
  }

  function bandStart(index) {
    const [start, end] = inside(width);
    return start + (index * (end - start)) / drawn.groups.length;
  }

  function draw() {
    if (!drawn || !width) return;
    const [start, end] = inside(width);
    const band = (end - start) / (drawn.groups.length || 1);
    const scale = axis(extent(drawn), { domain: drawn.domain, unit: drawn.unit });
    const y = linear([scale.low, scale.high], [height - MARGIN.bottom, MARGIN.top]);
    const middle = (index) => start + band * (index + 0.5);
    cursor = svg("rect", { class: "cursor", x: 0, y: MARGIN.top, width: band, height: height - MARGIN.top - MARGIN.bottom });
    read.canvas.replaceChildren(
      surface(width, height, ...grid(scale, y, drawn.written, width), cursor, ...bars(drawn, { y, band, middle }), ...lines(drawn, { y, middle }), ...below(drawn, { band, middle, height })),
    );
  }

  function update(next) {
    drawn = next;
    legend.replaceChildren(...next.series.map(({ label, tone, as }) => element("li", {}, element("span", { class: `swatch as-${as} tone-${tone}` }), label)));
    read.name(next.label, next.hint);
    draw();
  }

  return { node, update };
}

function stepTo(drawn, place, by) {
  const last = (drawn?.groups.length ?? 0) - 1;
  if (last < 0) return null;
  return place === null ? last : Math.max(0, Math.min(last, place + by));
}

function inside(width) {
  return [MARGIN.left, width - MARGIN.right];
}

function extent({ groups, series }) {
  const stacked = series.filter(({ as }) => as === "bar");
  const heights = groups.map((_, index) => stacked.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const points = series.filter(({ as }) => as === "line").flatMap(({ values }) => values.filter((value) => value !== null));
  return [...heights, ...points];
}

function grid(scale, y, written, width) {
  return scale.ticks.flatMap((tick) => [
    svg("line", { class: tick === 0 ? "zero" : "rule", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
    svg("text", { class: "tick", x: MARGIN.left - 8, y: y(tick) + 4, "text-anchor": "end" }, written(tick)),
  ]);
}

function bars({ groups, series }, { y, band, middle }) {
  const wide = Math.max(1, Math.min(WIDEST_BAR, band * 0.7));
  const reached = groups.map(() => 0);
  return series.filter(({ as }) => as === "bar").flatMap(({ values, tone }) =>
    values.flatMap((value, index) => {
      if (!value) return [];
      const from = reached[index];
      reached[index] += value;
      return [svg("rect", { class: `upright tone-${tone}`, x: middle(index) - wide / 2, y: y(from + value), width: wide, height: Math.max(1, y(from) - y(from + value)) })];
    }),
  );
}

/** A gap in the values is a gap in the line; each value is also a dot, so that one alone can be seen. */
function lines({ series }, { y, middle }) {
  return series.filter(({ as }) => as === "line").flatMap(({ values, tone }) => {
    let path = "";
    values.forEach((value, index) => {
      if (value === null) return;
      path += `${index && values[index - 1] !== null ? "L" : "M"}${middle(index).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    const dots = values.map((value, index) => (value === null ? null : svg("circle", { class: `dot tone-${tone}`, cx: middle(index), cy: y(value), r: 3 })));
    return [svg("path", { class: `line tone-${tone}`, d: path }), ...dots.filter((dot) => dot !== null)];
  });
}

function below({ groups }, { band, middle, height }) {
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / band));
  return groups.flatMap(({ label }, index) =>
    index % every ? [] : [svg("text", { class: "tick", x: middle(index), y: height - 8, "text-anchor": "middle" }, label)],
  );
}
