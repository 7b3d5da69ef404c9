/** The people: what each took, how long it took them, what their callers said. A person's own row is all an agent sees. */

import { columnsFor, formulasOf, lineOf } from "./cells.js";
import { groupOf } from "./groups.js";
import { panel } from "./panel.js";

const NAMES = ["served", "aht_s", "fcr", "csat_answers", "csat", "nps", "complaints"];

/** Return the panel. */
export function agentsPanel({ id }, host) {
  const frame = panel({ id, wide: true });

  function load(answers) {
    return frame.load(async () => {
      const [found, people] = await Promise.all([answers.report("kpis", "agent"), host.people()]);
      const rows = found.rows.filter((row) => row.agent !== null);
      const open = (measure, part, title) => host.open({ report: "kpis", measure, part, title });
      return {
        columns: columnsFor("agent", NAMES),
        rows: rows.map((row) => lineOf(row, groupOf(row, "agent", people), NAMES, { formulas: found.formulas, open })),
        formulas: formulasOf(NAMES, found.formulas),
        about: host.about(),
        file: host.file(id),
      };
    });
  }

  return { node: frame.node, load };
}
