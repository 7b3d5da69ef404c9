/** Names in order of a value: one bar each under its name, the longest first. */

import { reading } from "./reading.js";
import { bandAt, linear } from "./scale.js";
import { onWidth, surface, svg } from "./svg.js";

const ROW = 40;
const LETTER_PX = 8;

/** Return `{node, update}`. What is drawn: `groups` `[{key, label, value, shown, tone}]` in order, `label`, `hint`. */
export function ranks({ pick }) {
  let drawn = null;
  let width = 0;
  let frame = null;
  const read = reading({
    at: (_x, y) => (drawn?.groups.length ? bandAt(y, drawn.groups.length, [0, ROW * drawn.groups.length]) : null),
    move: (place, _dx, dy) => (place === null ? 0 : Math.max(0, Math.min(drawn.groups.length - 1, place + dy))),
    tell: (index) => `${drawn.groups[index].label}: ${drawn.groups[index].shown}`,
    mark: (index) => {
      frame?.classList.toggle("on", index !== null);
      if (index !== null) frame?.setAttribute("y", index * ROW);
    },
    pick: (index) => pick(drawn.groups[index]),
  });
  onWidth(read.canvas, (wide) => {
    width = wide;
    draw();
  });

  function draw() {
    if (!drawn || !width) return;
    const longest = Math.max(1, ...drawn.groups.map(({ value }) => value ?? 0));
    const x = linear([0, longest], [0, width - 2]);
    frame = svg("rect", { class: "cursor", x: 0, y: 0, width, height: ROW - 2, rx: 4 });
    const rows = drawn.groups.flatMap(({ label, value, shown, tone = 1 }, index) => [
      svg("text", { class: "name", x: 2, y: index * ROW + 16 }, cut(label, (width - 90) / LETTER_PX)),
      svg("text", { class: "value", x: width - 2, y: index * ROW + 16, "text-anchor": "end" }, shown),
      svg("rect", { class: "track", x: 1, y: index * ROW + 24, width: width - 2, height: 8, rx: 4 }),
      svg("rect", { class: `upright tone-${tone}`, x: 1, y: index * ROW + 24, width: Math.max(2, x(value ?? 0)), height: 8, rx: 4 }),
    ]);
    read.canvas.replaceChildren(surface(width, Math.max(ROW, ROW * drawn.groups.length), frame, ...rows));
  }

  function update(next) {
    drawn = next;
    read.name(next.label, next.hint);
    draw();
  }

  return { node: read.node, update };
}

function cut(label, letters) {
  const room = Math.max(4, Math.floor(letters));
  return label.length > room ? `${label.slice(0, room - 1)}…` : label;
}
