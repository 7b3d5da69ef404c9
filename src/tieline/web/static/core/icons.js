/** Small line icons, drawn here so that nothing is loaded; they decorate text and are hidden from screen readers. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  incoming: ["M15 4v5h5", "M20 4l-5 5", "M19 15.5v3a1.5 1.5 0 0 1-1.6 1.5A15 15 0 0 1 4 6.6 1.5 1.5 0 0 1 5.5 5h3l1.5 4-2 1.3a11 11 0 0 0 5 5l1.4-2 4.6 2.2z"],
  outgoing: ["M20 9V4h-5", "M15 9l5-5", "M19 15.5v3a1.5 1.5 0 0 1-1.6 1.5A15 15 0 0 1 4 6.6 1.5 1.5 0 0 1 5.5 5h3l1.5 4-2 1.3a11 11 0 0 0 5 5l1.4-2 4.6 2.2z"],
  internal: ["M4 12h16", "M8 8l-4 4 4 4", "M16 8l4 4-4 4"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M4.5 20a7.5 7.5 0 0 1 15 0"],
  people: ["M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z", "M2.5 19a6.5 6.5 0 0 1 13 0", "M16 4.3a3.5 3.5 0 0 1 0 6.4", "M18 13.3a6.5 6.5 0 0 1 3.5 5.7"],
  company: ["M5 20V5.5A1.5 1.5 0 0 1 6.5 4h7A1.5 1.5 0 0 1 15 5.5V20", "M15 10h3a1.5 1.5 0 0 1 1.5 1.5V20", "M3 20h18", "M8.5 8h3", "M8.5 12h3", "M8.5 16h3"],
  hidden: ["M3 3l18 18", "M10.6 6.1A9.8 9.8 0 0 1 12 6c5 0 8.5 4 9.5 6a13 13 0 0 1-2.7 3.5", "M6.3 7.7A13 13 0 0 0 2.5 12c1 2 4.5 6 9.5 6a9.6 9.6 0 0 0 4-.9", "M9.9 9.9a3 3 0 0 0 4.2 4.2"],
  unknown: ["M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4", "M12 17.5v.1"],
  lock: ["M6.5 11h11a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11z", "M8 11V8a4 4 0 0 1 8 0v3"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  clock: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M12 7.5V12l3 2"],
  warning: ["M12 4.5l8.5 15h-17z", "M12 10.5v4", "M12 17v.1"],
  off: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M5.8 5.8l12.4 12.4"],
  external: ["M14 4h6v6", "M20 4l-9 9", "M18 14v4.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 4 18.5v-11A1.5 1.5 0 0 1 5.5 6H10"],
  note: ["M5 5.5A1.5 1.5 0 0 1 6.5 4h11A1.5 1.5 0 0 1 19 5.5V15l-5 5H6.5A1.5 1.5 0 0 1 5 18.5z", "M14 20v-5h5", "M8.5 8.5h7", "M8.5 12h4"],
  transfer: ["M4 8h13", "M13 4l4 4-4 4", "M20 16H7", "M11 12l-4 4 4 4"],
  speech: ["M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-7l-5 4v-4H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5z"],
  ticket: ["M4 8a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v2a2 2 0 0 0 0 4v2a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-2a2 2 0 0 0 0-4z", "M14 6v12"],
  order: ["M4 8l8-4 8 4v8l-8 4-8-4z", "M4 8l8 4 8-4", "M12 12v8"],
  account: ["M4 7.5A1.5 1.5 0 0 1 5.5 6h13A1.5 1.5 0 0 1 20 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 16.5z", "M4 10h16", "M7 14.5h4"],
  history: ["M4 12a8 8 0 1 0 2.5-5.8", "M4 4v4h4", "M12 8v4.5l3 1.5"],
  settings: ["M4 7h9", "M17 7h3", "M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4z", "M4 17h3", "M11 17h9", "M9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"],
  bell: ["M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15z", "M10 20.5h4"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  retry: ["M20 12a8 8 0 1 1-2.5-5.8", "M20 4v4h-4"],
  copy: ["M9 9h9.5A1.5 1.5 0 0 1 20 10.5V19a1.5 1.5 0 0 1-1.5 1.5H10A1.5 1.5 0 0 1 8.500 19z", "M15 9V5.5A1.5 1.5 0 0 0 13.5 4h-8A1.500 1.500 0 0 0 4 5.500v8A1.500 1.500 0 0 0 5.500 15h3"],
};

/** Return the icon `name` as an SVG node. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" })) {
    svg.setAttribute(key, value);
  }
  for (const line of PATHS[name] ?? []) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  svg.dataset.icon = name;
  return svg;
}

/** Replace an icon by another one, only when it differs. */
export function swapIcon(node, name) {
  if (node.dataset.icon === name) return node;
  const fresh = icon(name);
  node.replaceWith(fresh);
  return fresh;
}
