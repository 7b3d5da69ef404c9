/** A chart as a PNG: the drawing with the colours it has on the screen, under its title, on a ground of its own. */

import { svg } from "./svg.js";

const LOOKS = ["fill", "stroke", "stroke-width", "stroke-linejoin", "font-size", "font-family", "font-weight", "opacity"];
const TITLE_PX = 44;
const EDGE_PX = 16;
const LEGEND_PX = 24;
const LETTER_PX = 13;
const SHARPNESS = 2;

/** Return a PNG as a Blob. `chart` is on the page; `lines` stand above it, the first one large; `legend` is a list of keys there. */
export async function picture(chart, lines, legend = null) {
  const { width, height } = chart.viewBox.baseVal;
  const keys = [...(legend?.children ?? [])];
  const above = EDGE_PX + TITLE_PX + (keys.length ? LEGEND_PX : 0);
  const whole = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width: width + 2 * EDGE_PX, height: height + above + EDGE_PX });
  const style = getComputedStyle(chart);
  const ground = getComputedStyle(chart.closest(".panel") ?? document.documentElement).backgroundColor;
  const copy = svg("g", { transform: `translate(${EDGE_PX} ${above})` }, ...[...chart.children].map(asSeen));
  whole.append(svg("rect", { width: "100%", height: "100%", fill: ground }), ...titles(lines, style), ...keyed(keys, style), copy);
  return paint(whole);
}

function titles([first, ...rest], { color, fontFamily }) {
  const common = { x: EDGE_PX, fill: color, "font-family": fontFamily };
  return [
    svg("text", { ...common, y: EDGE_PX + 14, "font-size": 17, "font-weight": 600 }, first),
    svg("text", { ...common, y: EDGE_PX + 34, "font-size": 12, opacity: 0.75 }, rest.join(" · ")),
  ];
}

/** The keys of the legend in a row: a square in the colour, the words beside it. */
function keyed(keys, { color, fontFamily }) {
  let x = EDGE_PX;
  return keys.flatMap((key) => {
    const y = EDGE_PX + TITLE_PX + 4;
    const start = x;
    x += 30 + key.textContent.length * LETTER_PX;
    return [
      svg("rect", { x: start, y, width: 10, height: 10, rx: 2, fill: getComputedStyle(key.firstChild).backgroundColor }),
      svg("text", { x: start + 16, y: y + 10, fill: color, "font-family": fontFamily, "font-size": 12 }, key.textContent),
    ];
  });
}

/** Copy a node with its looks written into it, as style sheets stay behind. */
function asSeen(node) {
  const copy = node.cloneNode(false);
  const style = getComputedStyle(node);
  for (const look of LOOKS) copy.setAttribute(look, style.getPropertyValue(look));
  copy.removeAttribute("class");
  copy.append(...[...node.childNodes].map((child) => (child.nodeType === Node.TEXT_NODE ? child.cloneNode() : asSeen(child))));
  return copy;
}

async function paint(drawing) {
  const [width, height] = ["width", "height"].map((side) => Number(drawing.getAttribute(side)));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(drawing))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * SHARPNESS;
  canvas.height = height * SHARPNESS;
  const pen = canvas.getContext("2d");
  pen.scale(SHARPNESS, SHARPNESS);
  pen.drawImage(image, 0, 0, width, height);
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"));
}
