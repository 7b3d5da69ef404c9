/** The figures and counts of a report: how each is written, which way is better, whose rows stand behind it. */

import { clock, say, sayOr, spoken } from "../core/texts.js";

/** figure → `better`: up or down; `rows`: the count whose rows it opens to; `domain`: of its axis, where that is fixed. */
export const FIGURES = {
  service_level: { better: "up", rows: "answered_in_time", domain: [0, 100] },
  abandonment: { better: "down", rows: "abandoned" },
  aht_s: { better: "down", rows: "handled" },
  fcr: { better: "up", rows: "called_again", domain: [0, 100] },
  csat: { better: "up", rows: "csat_answers", domain: [0, 100] },
  nps: { better: "up", rows: "nps_answers", domain: [-100, 100] },
  ces: { better: "up", rows: "ces_answers", domain: [1, 7] },
  feedback_loop_s: { better: "down", rows: "loops_closed" },
  first_response_s: { better: "down", rows: "responded" },
  resolution_s: { better: "down", rows: "resolved" },
  reopen_rate: { better: "down", rows: "reopened" },
  complaint_resolved: { better: "up", rows: "complaints_resolved" },
  complaint_reviewed: { better: "up", rows: "complaints_reviewed" },
  pop_success: { better: "up", rows: "pops", domain: [0, 100] },
  sync_lag_s: { better: "down", rows: "delivered" },
};
const NONE = "–";
const DAY_S = 86_400;
const HOUR_S = 3_600;
const FEW_S = 10;

/** A figure's name. */
export function nameOf(name) {
  return sayOr(`figure.${name}`, name.replaceAll("_", " "));
}

/** A value as it is written: a share with a sign, seconds as time, whatever else as a number; nothing as a dash. */
export function written(value, unit = "") {
  if (value === null || value === undefined) return NONE;
  if (unit === "percent") return `${number(value, 1)}%`;
  if (unit.includes("second")) return span(value);
  return number(value, Number.isInteger(value) ? 0 : unit.startsWith("points") ? 1 : 2);
}

/** The difference to the period before, with its sign; "" where there is none. */
export function difference(value, before, unit) {
  if (value === null || value === undefined || before === null || before === undefined) return "";
  const change = value - before;
  const size = Math.abs(change);
  const shown = unit === "percent" ? say("delta.points", { points: number(size, 1) }) : written(size, unit);
  const nothing = unit === "percent" ? say("delta.points", { points: number(0, 1) }) : written(0, unit);
  if (change === 0 || shown === nothing) return say("delta.same"); // what is too small to be written is no change
  return (change > 0 ? "+" : "−") + shown;
}

/** Whether a change is `good`, `bad` or neither. */
export function verdict(name, value, before) {
  if (value === null || before === null || value === undefined || before === undefined || value === before) return "same";
  return value > before === (FIGURES[name]?.better === "up") ? "good" : "bad";
}

function number(value, digits) {
  return new Intl.NumberFormat(spoken(), { maximumFractionDigits: digits }).format(value);
}

/** Seconds: with a digit when they are few, as a clock below an hour, in hours below two days, in days beyond. */
export function span(seconds) {
  if (seconds < FEW_S && !Number.isInteger(seconds)) return say("span.seconds", { seconds: number(seconds, 1) });
  if (seconds < HOUR_S) return clock(Math.round(seconds));
  if (seconds < 2 * DAY_S) return say("span.hours", { hours: number(seconds / HOUR_S, 1) });
  return say("span.days", { days: number(seconds / DAY_S, 1) });
}
