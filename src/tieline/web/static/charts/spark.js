/** A trend the size of a word, beside a number. It says nothing that the charts and tables do not. */

import { linear } from "./scale.js";
import { surface, svg } from "./svg.js";

const WIDTH = 96;
const HEIGHT = 28;

/** Return the line through `values`; null where nothing can be said. An empty surface if there are fewer than two. */
export function spark(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length < 2) return surface(WIDTH, HEIGHT);
  const x = linear([0, values.length - 1], [3, WIDTH - 3]);
  const y = linear([Math.min(...known), Math.max(...known)], [HEIGHT - 4, 4]);
  const points = values.map((value, index) => (value === null || value === undefined ? null : `${x(index).toFixed(1)},${y(value).toFixed(1)}`));
  const drawn = points.filter((point) => point !== null);
  const [lastX, lastY] = drawn[drawn.length - 1].split(",");
  return surface(WIDTH, HEIGHT, svg("polyline", { class: "spark", points: drawn.join(" ") }), svg("circle", { class: "spark-end", cx: lastX, cy: lastY, r: 2.5 }));
}
