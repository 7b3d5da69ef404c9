/** SVG elements built from plain values; text only ever becomes a text node. */

const SPACE = "http://www.w3.org/2000/svg";

/** Make an SVG element. A value of null leaves its attribute out. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, String(value));
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** The drawing surface of a chart, as many units wide as it has pixels. It is hidden from readers: they have the table. */
export function surface(width, height, ...children) {
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, ...children);
}

/** Draw anew whenever the width of `node` changes. `draw(width)` gets whole pixels. */
export function onWidth(node, draw) {
  let known = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const width = Math.floor(contentRect.width);
    if (width === known || width === 0) return;
    known = width;
    draw(width);
  }).observe(node);
}
