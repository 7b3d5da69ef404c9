/** Cells of a table out of a report's rows: counts that open, figures that are written in their unit. */

import { say } from "../core/texts.js";
import { FIGURES, nameOf, written } from "./figures.js";

/** Return the columns of a table: the group first, then one for each name. */
export function columnsFor(groupBy, names) {
  return [{ label: say(`by.${groupBy}`), number: false }, ...names.map((name) => ({ label: nameOf(name), number: true }))];
}

/** Return one line. `open(measure, part, title)` opens rows; a figure opens to the count it is worked out of. */
export function lineOf(row, group, names, { formulas, open }) {
  const cells = names.map((name) => {
    const value = row[name] ?? null;
    const measure = name in FIGURES ? FIGURES[name].rows : name;
    const opens = value !== null && value !== 0 && measure && group.part ? () => open(measure, group.part, `${nameOf(name)} · ${group.label}`) : null;
    return { value, shown: written(value, formulas[name]?.unit), open: opens };
  });
  return { cells: [{ value: group.key, shown: group.label }, ...cells] };
}

/** The formulas of these figures, as far as the report tells them. */
export function formulasOf(names, formulas) {
  return Object.fromEntries(names.filter((name) => name in formulas).map((name) => [name, formulas[name]]));
}
