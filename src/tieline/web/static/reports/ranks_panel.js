/** What comes first: causes customers named, queues that let callers wait. One bar each, the longest on top. */

import { ranks } from "../charts/ranks.js";
import { columnsFor, formulasOf, lineOf } from "./cells.js";
import { written } from "./figures.js";
import { groupOf } from "./groups.js";
import { panel } from "./panel.js";

const SHOWN = 8;

/** Return the panel `id`: `report` by `by`, ordered by `name`; `columns` are the names in its table. */
export function ranksPanel({ id, report, by, name, columns, tone }, host) {
  const chart = ranks({ pick: (group) => group.part && host.open({ report, measure: name, part: group.part, title: group.label }) });
  const frame = panel({ id, chart });

  function load(answers) {
    return frame.load(async () => {
      const found = await answers.report(report, by);
      const names = columns.filter((column) => found.rows.some((row) => column in row));
      const rows = found.rows.filter((row) => row[name]).sort((one, other) => other[name] - one[name]);
      const groups = rows.map((row) => withPart(groupOf(row, found.group_by), found.group_by));
      const open = (measure, part, title) => host.open({ report, measure, part, title });
      const unit = found.formulas[name]?.unit;
      const drawn = groups.slice(0, SHOWN).map((group, index) => ({ ...group, value: rows[index][name], shown: written(rows[index][name], unit), tone }));
      return {
        drawing: { groups: drawn },
        columns: columnsFor(found.group_by, names),
        rows: rows.map((row, index) => lineOf(row, groups[index], names, { formulas: found.formulas, open })),
        formulas: formulasOf(names, found.formulas),
        about: host.about(),
        file: host.file(id),
      };
    });
  }

  return { node: frame.node, load };
}

/** Any other group is asked for by its own name. */
function withPart(group, groupBy) {
  return group.part || group.key === null ? group : { ...group, part: { [groupBy]: group.key } };
}
