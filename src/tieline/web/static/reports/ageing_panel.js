/** Customers who were let down and still wait: tickets that came of a low score, by how long, and whether they are overdue. */

import { plot } from "../charts/plot.js";
import { moment, say, word } from "../core/texts.js";
import { span } from "./figures.js";
import { panel } from "./panel.js";

/** Return the panel. */
export function ageingPanel({ id }, host) {
  let found = null;
  const chart = plot({ pick: ({ key }) => openTickets(key) });
  const frame = panel({ id, chart });

  function openTickets(bucket) {
    host.list({ title: `${say(`panel.${id}`)} · ${say(`age.${bucket}`)}`, ...tableOf(found.items.filter((item) => item.bucket === bucket), host) });
  }

  function load(answers) {
    return frame.load(async () => {
      found = await answers.followUps();
      await host.people();
      const groups = found.buckets.map(({ bucket }) => ({ key: bucket, label: say(`age.${bucket}`) }));
      const series = [["in_time", 1], ["overdue", 5]].map(([name, tone]) => {
        const values = found.buckets.map((bucket) => bucket[name]);
        return { label: say(`ageing.${name}`), as: "bar", tone, values, shown: values.map(String) };
      });
      return {
        drawing: { groups, series, domain: null, unit: "whole", written: String },
        ...tableOf(found.items, host),
        formulas: {},
        about: [say("ageing.now")],
        file: host.file(id),
      };
    });
  }

  return { node: frame.node, load };
}

function tableOf(items, host) {
  const labels = ["ticket", "came_of", "age", "due", "assignee", "status", "priority"].map((name) => ({ label: say(`column.${name}`), number: name === "age" }));
  return { columns: labels, rows: items.map((item) => ({ cells: cellsOf(item, host) })) };
}

function cellsOf(item, host) {
  const due = item.due_at ? moment(item.due_at) : "–";
  return [
    { value: item.number, shown: item.number },
    { value: item.score ?? item.kind, shown: cameOf(item) },
    { value: item.age_s, shown: span(item.age_s) },
    { value: item.due_at, shown: item.overdue ? say("ageing.overdue_since", { due }) : due },
    { value: item.assignee, shown: host.nameOf(item.assignee) },
    { value: item.status, shown: word("status", item.status) },
    { value: item.priority, shown: word("priority", item.priority) },
  ];
}

function cameOf({ kind, score }) {
  return score === null ? word("kind", kind) : `${word("kind", kind)} ${score}`;
}
