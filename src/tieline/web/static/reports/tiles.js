/** The figures of the whole span: each with its trend, its change to the span before, its formula and the way to its rows. */

import { spark } from "../charts/spark.js";
import { element, setAttribute, setHidden, setText } from "../core/dom.js";
import { say, sayOr } from "../core/texts.js";
import { difference, FIGURES, nameOf, verdict, written } from "./figures.js";
import { formulaList } from "./formulas.js";
import { stepOf } from "./question.js";

/** Return `{node, load}`. */
export function tiles(host) {
  const title = element("h2", { class: "visually-hidden", id: "tiles-title" });
  const list = element("ul", { class: "tiles" });
  const status = element("p", { class: "panel-status quiet", role: "status" });
  const formulas = formulaList();
  const node = element("section", { class: "tile-row", "aria-labelledby": title.id }, title, status, list, formulas.node);
  let turn = 0;

  async function load(answers) {
    turn += 1;
    const mine = turn;
    setText(title, say("tiles.title"));
    setAttribute(node, "aria-busy", "true");
    try {
      const [whole, trend] = await Promise.all([answers.report("kpis"), answers.report("kpis", stepOf(answers.question))]);
      if (mine === turn) show(whole, trend);
    } catch (refused) {
      if (refused.status === undefined) throw refused;
      setHidden(status, false);
      setText(status, sayOr(`trouble.${refused.code}`, say("trouble.other")));
      if (mine === turn) list.replaceChildren();
    } finally {
      if (mine === turn) setAttribute(node, "aria-busy", false);
    }
  }

  function show(whole, trend) {
    setHidden(status, true);
    const names = Object.keys(whole.formulas).filter((name) => (whole.total[name] ?? null) !== null);
    list.replaceChildren(...names.map((name) => tile(name, whole, trend)));
    formulas.update(whole.formulas);
  }

  function tile(name, { total, before, formulas: known }, trend) {
    const unit = known[name].unit;
    const earlier = before?.[name] ?? null;
    const change = difference(total[name], earlier, unit);
    const measure = FIGURES[name]?.rows;
    const shown = written(total[name], unit);
    const value = measure
      ? element("button", { type: "button", class: "tile-value opens", "aria-label": say("rows.open_for", { what: nameOf(name), group: say("group.all"), value: shown }), on: { click: () => host.open({ report: "kpis", measure, part: {}, title: nameOf(name) }) } }, shown)
      : element("span", { class: "tile-value" }, shown);
    return element(
      "li",
      { class: "tile", "data-figure": name },
      element("h3", { class: "tile-name" }, nameOf(name)),
      value,
      element("p", { class: "tile-change", "data-verdict": verdict(name, total[name], earlier) }, change || " "),
      spark(trend.rows.map((row) => row[name] ?? null)),
    );
  }

  return { node, load };
}
