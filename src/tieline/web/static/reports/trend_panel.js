/** Counts and figures over time, as bars and lines. */

import { plot } from "../charts/plot.js";
import { sayOr } from "../core/texts.js";
import { columnsFor, formulasOf, lineOf } from "./cells.js";
import { FIGURES, nameOf, written } from "./figures.js";
import { filled, groupOf } from "./groups.js";
import { panel } from "./panel.js";
import { stepOf } from "./question.js";

/** Return the panel `id`. `series` `[{name, as, tone}]`; `host.open` opens rows. */
export function trendPanel({ id, series, wide = false, height }, host) {
  const names = series.map(({ name }) => name);
  const chart = plot({ height, pick: (group) => group.part && host.open({ report: "kpis", measure: measureOf(series[0].name), part: group.part, title: `${nameOf(series[0].name)} · ${group.label}` }) });
  const frame = panel({ id, chart, wide });

  function load(answers) {
    return frame.load(async () => {
      const found = await answers.report("kpis", stepOf(answers.question));
      const rows = found.rows.length ? filled(found.rows, found.group_by, answers.question, names) : [];
      const groups = rows.map((row) => groupOf(row, found.group_by));
      const open = (measure, part, title) => host.open({ report: "kpis", measure, part, title });
      return {
        drawing: drawingOf(rows, groups, found.formulas),
        columns: columnsFor(found.group_by, names),
        rows: rows.map((row, index) => lineOf(row, groups[index], names, { formulas: found.formulas, open })),
        formulas: formulasOf(names, found.formulas),
        about: host.about(),
        file: host.file(id),
        note: names.filter((name) => rows.every((row) => (row[name] ?? null) === null)).map((name) => sayOr(`note.${name}`, "")).join(" "),
      };
    });
  }

  function drawingOf(rows, groups, formulas) {
    const unit = formulas[names[names.length - 1]]?.unit;
    return {
      groups,
      domain: FIGURES[names[0]]?.domain ?? null,
      unit: axisUnit(unit),
      written: (value) => written(value, unit),
      series: series.map(({ name, as, tone }) => {
        const values = rows.map((row) => row[name] ?? null);
        return { label: nameOf(name), as, tone, values, shown: values.map((value) => written(value, formulas[name]?.unit)) };
      }),
    };
  }

  return { node: frame.node, load };
}

function measureOf(name) {
  return name in FIGURES ? FIGURES[name].rows : name;
}

function axisUnit(unit) {
  if (unit === undefined) return "whole";
  return unit.includes("second") ? "seconds" : unit;
}
