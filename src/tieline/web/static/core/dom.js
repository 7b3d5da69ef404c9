/**
 * Elements built from plain values.
 *
 * Text only ever becomes a text node, so nothing another system holds can turn into markup, and a node is only
 * touched when what it shows has changed, so a selection, a focus or a half-typed word in it survives every update.
 */

/** Make an element. `attributes` are strings or booleans; `on` holds listeners; children are nodes or text. */
export function element(tag, { on = {}, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const [type, listener] of Object.entries(on)) node.addEventListener(type, listener);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set or remove an attribute, only when it differs. Boolean true is an empty attribute; false, null and undefined remove it. */
export function setAttribute(node, name, value) {
  if (value === false || value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Put text into a node, only when it differs. */
export function setText(node, text) {
  const wanted = text ?? "";
  if (node.textContent !== wanted) node.textContent = wanted;
}

/** Put text into a node and hide the node when there is none. */
export function setTextOrHide(node, text) {
  setText(node, text);
  setHidden(node, !text);
}

/** Hide or show a node. */
export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

const rowsOf = new WeakMap();

/**
 * Make a container's children follow a list, keeping the node of every item that stays.
 *
 * `key(item)` tells items apart, `create(item)` returns `{node, update(item)}`. Items that keep their order are not moved,
 * because moving a node takes the focus out of it.
 */
export function followList(container, items, { key, create }) {
  const rows = rowsOf.get(container) ?? new Map();
  rowsOf.set(container, rows);
  const wanted = new Map(items.map((item) => [key(item), item]));
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    row.node.remove();
    rows.delete(id);
  }
  let place = container.firstChild;
  for (const [id, item] of wanted) {
    const row = rows.get(id) ?? create(item);
    rows.set(id, row);
    if (row.node === place) place = place.nextSibling;
    else container.insertBefore(row.node, place);
    row.update(item);
  }
  return rows;
}

/** Say whether the person is in the middle of typing or choosing inside `node`. */
export function isBeingEdited(node) {
  const active = document.activeElement;
  return Boolean(active && node.contains(active) && takesText(active));
}

/** Say whether keys pressed in this element are text. */
export function takesText(node) {
  return Boolean(node?.matches?.("input, textarea, select, [contenteditable]"));
}
