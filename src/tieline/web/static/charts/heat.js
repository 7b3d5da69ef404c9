/** A week by hours: seven rows, twenty-four columns, the darker the more. */

import { reading } from "./reading.js";
import { bandAt, shade } from "./scale.js";
import { onWidth, surface, svg } from "./svg.js";

export const SHADES = 6;
const ROW = 26;
const TOP = 22;
const LEFT = 44;
const GAP = 2;
const NUMBER_FROM = 24;
const DIGIT_PX = 7;
const DARK_FROM = 5;

/**
 * Return `{node, update}`. What is drawn: `rows` and `columns` as labels, `values[row][column]` with null where nothing can be
 * said, `shown[row][column]` as text, `brief[row][column]` as short as fits a cell, so that no colour is needed to read it, `label`, `hint`. `pick({row, column})` opens a cell.
 */
export function heat({ pick }) {
  let drawn = null;
  let width = 0;
  let frame = null;
  const read = reading({
    at: (x, y) => cellAt(x, y),
    move: (place, dx, dy) => step(place, dx, dy),
    tell: ({ row, column }) => `${drawn.rows[row]} ${drawn.columns[column]}: ${drawn.shown[row][column]}`,
    mark: (cell) => point(cell),
    pick,
  });
  onWidth(read.canvas, (wide) => {
    width = wide;
    draw();
  });

  const cellWidth = () => (width - LEFT) / drawn.columns.length;

  function cellAt(x, y) {
    if (!drawn || x < LEFT || y < TOP) return null;
    return {
      row: bandAt(y, drawn.rows.length, [TOP, TOP + ROW * drawn.rows.length]),
      column: bandAt(x, drawn.columns.length, [LEFT, width]),
    };
  }

  function step(place, dx, dy) {
    if (!drawn) return null;
    if (place === null) return { row: 0, column: 9 };
    const within = (value, count) => Math.max(0, Math.min(count - 1, value));
    return { row: within(place.row + dy, drawn.rows.length), column: within(place.column + dx, drawn.columns.length) };
  }

  function point(cell) {
    if (!frame) return;
    frame.classList.toggle("on", cell !== null);
    if (cell === null) return;
    frame.setAttribute("x", LEFT + cell.column * cellWidth());
    frame.setAttribute("y", TOP + cell.row * ROW);
  }

  function draw() {
    if (!drawn || !width) return;
    const wide = cellWidth();
    const known = drawn.values.flat().filter((value) => value !== null);
    const range = [Math.min(0, ...known), Math.max(0, ...known)];
    const cell = (row, column) => {
      const step = shade(drawn.values[row][column], range, SHADES);
      return svg("rect", {
        class: step === null ? "cell none" : `cell shade-${step}`,
        x: LEFT + column * wide + GAP / 2,
        y: TOP + row * ROW + GAP / 2,
        width: Math.max(1, wide - GAP),
        height: ROW - GAP,
        rx: 3,
      });
    };
    const number = (row, column) => {
      const value = drawn.brief?.[row][column] ?? "";
      const room = wide >= NUMBER_FROM && value !== "" && value.length * DIGIT_PX <= wide - GAP;
      if (!room) return null;
      const dark = shade(drawn.values[row][column], range, SHADES) >= DARK_FROM;
      return svg("text", { class: dark ? "amount on-dark" : "amount", x: LEFT + (column + 0.5) * wide, y: TOP + row * ROW + ROW / 2 + 4, "text-anchor": "middle", "aria-hidden": "true" }, value);
    };
    const every = Math.max(1, Math.ceil(24 / wide));
    const hours = drawn.columns.map((label, column) =>
      column % every ? null : svg("text", { class: "tick", x: LEFT + (column + 0.5) * wide, y: TOP - 8, "text-anchor": "middle" }, label),
    );
    const days = drawn.rows.map((label, row) => svg("text", { class: "tick", x: LEFT - 8, y: TOP + row * ROW + ROW / 2 + 4, "text-anchor": "end" }, label));
    frame = svg("rect", { class: "frame", x: 0, y: 0, width: wide, height: ROW, rx: 4 });
    const cells = drawn.rows.flatMap((_, row) => drawn.columns.map((__, column) => cell(row, column)));
    const numbers = drawn.rows.flatMap((_, row) => drawn.columns.map((__, column) => number(row, column)));
    read.canvas.replaceChildren(surface(width, TOP + ROW * drawn.rows.length + 4, ...hours, ...days, ...cells, ...numbers, frame));
  }

  function update(next) {
    drawn = next;
    read.name(next.label, next.hint);
    draw();
  }

  return { node: read.node, update };
}
