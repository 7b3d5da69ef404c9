/** The causes there are, as the company has them: their names in the reader's language, and which is part of which. */

import { read } from "../core/requests.js";
import { sayOr, spoken } from "../core/texts.js";

let asked = null;
let known = new Map();

/** Learn the tree; asked once. Whoever may not read it sees the usual names. */
export async function learnTree() {
  asked ??= read("/v1/causes");
  try {
    const { items } = await asked;
    known = new Map(items.map((cause) => [cause.id, cause]));
  } catch (refused) {
    if (refused.status === undefined) throw refused;
    asked = null;
  }
  return [...known.values()];
}

/** A cause's name. */
export function causeName(id) {
  return known.get(id)?.[spoken()] ?? sayOr(`cause.${id}`, id);
}
