/** What comes first: causes customers named, queues that let callers wait. One bar each, the longest on top, with its change. */

import { ranks } from "../charts/ranks.js";
import { element, setAttribute, setText } from "../core/dom.js";
import { say } from "../core/texts.js";
import { columnsFor, formulasOf, lineOf } from "./cells.js";
import { difference, written } from "./figures.js";
import { groupOf } from "./groups.js";
import { panel } from "./panel.js";

const SHOWN = 8;

/** Return the panel `id`: `report` by one of `by`, ordered by `name`; `columns` are the names in its table. */
export function ranksPanel({ id, report, by, name, columns, tone }, host) {
  let chosen = by[0];
  let answers = null;
  const options = by.map((group) => element("option", { value: group }));
  const choice = element("select", { class: "select small", on: { change: () => choose(choice.value) } }, ...options);
  const chart = ranks({ pick: (group) => group.part && host.open({ report, measure: name, part: group.part, title: group.label }) });
  const frame = panel({ id, chart, extra: by.length > 1 ? [choice] : [] });

  function choose(group) {
    chosen = group;
    load(answers);
  }

  function load(next) {
    answers = next;
    setAttribute(choice, "aria-label", say("ranks.choice"));
    options.forEach((option) => setText(option, say(`by.${option.value}`)));
    return frame.load(async () => {
      const [found, earlier] = await Promise.all([answers.report(report, chosen), answers.earlier(report, chosen)]);
      const names = columns.filter((column) => found.rows.some((row) => column in row));
      const rows = found.rows.filter((row) => row[name]).sort((one, other) => other[name] - one[name]);
      const groups = rows.map((row) => groupOf(row, found.group_by));
      const open = (measure, part, title) => host.open({ report, measure, part, title });
      const unit = found.formulas[name]?.unit;
      const before = new Map(earlier?.rows.map((row) => [row[chosen] ?? null, row[name] ?? 0]));
      const change = (index) => (earlier ? difference(rows[index][name], before.get(groups[index].key) ?? 0, unit ?? "") : "");
      const told = (index) => [written(rows[index][name], unit), change(index) && `(${change(index)})`].filter(Boolean).join(" ");
      const drawn = groups.slice(0, SHOWN).map((group, index) => ({ ...group, value: rows[index][name], shown: told(index), tone }));
      const lines = rows.map((row, index) => lineOf(row, groups[index], names, { formulas: found.formulas, open }));
      if (earlier) lines.forEach(({ cells }, index) => cells.push({ value: rows[index][name] - (before.get(groups[index].key) ?? 0), shown: change(index) }));
      return {
        drawing: { groups: drawn },
        columns: [...columnsFor(found.group_by, names), ...(earlier ? [{ label: say("ranks.change"), number: true }] : [])],
        rows: lines,
        formulas: formulasOf(names, found.formulas),
        about: [say(`by.${chosen}`), ...host.about()],
        file: host.file(chosen === by[0] ? id : `${id}-${chosen}`),
      };
    });
  }

  return { node: frame.node, load };
}
