/** When the calls come: days of the week by hours, for a count or figure that can be chosen. */

import { heat } from "../charts/heat.js";
import { element, setAttribute, setText } from "../core/dom.js";
import { say } from "../core/texts.js";
import { formulasOf } from "./cells.js";
import { nameOf, written } from "./figures.js";
import { weekdays } from "./groups.js";
import { panel } from "./panel.js";

const CHOICES = ["calls", "abandoned", "abandonment", "service_level", "aht_s"];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** A number as short as it can be: whole; nothing for nothing. */
function briefly(value) {
  return value ? String(Math.round(value)) : "";
}

/** Return the panel. */
export function heatPanel({ id }, host) {
  let chosen = CHOICES[0];
  let answers = null;
  const options = CHOICES.map((name) => element("option", { value: name }));
  const choice = element("select", { class: "select small", on: { change: () => choose(choice.value) } }, ...options);
  const chart = heat({ pick: ({ row, column }) => open(row, column) });
  const frame = panel({ id, chart, extra: [choice], wide: true });

  function choose(name) {
    chosen = name;
    load(answers);
  }

  function open(row, column) {
    const key = `${row + 1}-${column}`;
    host.open({ report: "kpis", measure: "calls", part: { weekday_hour: key }, title: `${nameOf("calls")} · ${weekdays()[row]} ${column}:00` });
  }

  function load(next) {
    answers = next;
    setAttribute(choice, "aria-label", say("heat.choice"));
    options.forEach((option) => setText(option, nameOf(option.value)));
    return frame.load(async () => {
      const found = await answers.report("kpis", "weekday_hour");
      const cells = new Map(found.rows.map((row) => [row.weekday_hour, row[chosen] ?? null]));
      const values = weekdays().map((_, row) => HOURS.map((hour) => cells.get(`${row + 1}-${hour}`) ?? null));
      const unit = found.formulas[chosen]?.unit;
      return {
        drawing: { rows: weekdays(), columns: HOURS.map(String), values, shown: values.map((line) => line.map((value) => `${nameOf(chosen)} ${written(value, unit)}`)), brief: values.map((line) => line.map(briefly)) },
        columns: [{ label: say("by.weekday"), number: false }, ...HOURS.map((hour) => ({ label: `${hour}:00`, number: true }))],
        rows: found.rows.length ? weekdays().map((label, row) => lineOf(label, row, values[row], unit)) : [],
        formulas: formulasOf([chosen], found.formulas),
        about: [nameOf(chosen), ...host.about()],
        file: host.file(`${id}-${chosen}`),
      };
    });
  }

  function lineOf(label, row, values, unit) {
    const cells = values.map((value, hour) => ({ value, shown: written(value, unit), open: value ? () => open(row, hour) : null }));
    return { cells: [{ value: row, shown: label }, ...cells] };
  }

  return { node: frame.node, load };
}
