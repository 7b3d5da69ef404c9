/**
 * What all charts share: one place that can be focused, arrows that go from value to value, a line that says what is there.
 *
 * The line takes the part of a tooltip: it can be read by touch, by keyboard and by a screen reader, and covers nothing.
 */

import { element, setText } from "../core/dom.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Return `{node, canvas, point, show}`. `at(x, y)` tells which place lies under a point of the canvas, `move(place, dx, dy)` the
 * place next to another one, `tell(place)` the sentence about it, `mark(place)` shows it, `pick(place)` opens its rows.
 */
export function reading({ at, move, tell, mark, pick }) {
  const canvas = element("div", { class: "canvas", tabindex: "0", role: "group" });
  const line = element("p", { class: "reading", "aria-live": "polite" });
  const node = element("div", { class: "plot" }, canvas, line);
  let place = null;
  let quiet = "";

  function show(next) {
    place = next;
    mark(place);
    setText(line, place === null ? quiet : tell(place));
  }

  function under({ clientX, clientY }) {
    const { left, top } = canvas.getBoundingClientRect();
    return at(clientX - left, clientY - top);
  }

  canvas.addEventListener("pointermove", (event) => show(under(event)));
  canvas.addEventListener("pointerleave", () => show(null));
  canvas.addEventListener("blur", () => show(null));
  canvas.addEventListener("click", (event) => {
    const found = under(event);
    if (found !== null) pick(found);
  });
  canvas.addEventListener("keydown", (press) => {
    const step = STEPS[press.key];
    if (step) show(move(place, ...step));
    else if (press.key === "Enter" && place !== null) pick(place);
    else if (press.key === "Escape" && place !== null) show(null);
    else return;
    press.preventDefault();
  });

  /** Say what the chart is, and what stands in the line while nothing is pointed at. */
  function name(label, hint) {
    canvas.setAttribute("aria-label", label);
    quiet = hint;
    show(null);
  }

  return { node, canvas, name };
}
