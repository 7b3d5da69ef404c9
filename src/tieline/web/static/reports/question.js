/** What the page asks: the days, the narrowing, the comparison. It stands in the address, so that it can be kept and sent. */

export const NARROWINGS = ["team", "queue", "agent", "tier"];
export const PRESETS = [1, 7, 14, 30];
const USUAL_DAYS = 7;
const LONGEST_BY_DAY = 62;
const DAY_MS = 86_400_000;

/** Read the question out of an address's parameters. `today` is a day as YYYY-MM-DD; whatever does not fit counts as unset. */
export function fromAddress(parameters, today) {
  const to = day(parameters.get("to")) ?? today;
  const from = day(parameters.get("from")) ?? moved(to, 1 - USUAL_DAYS);
  const narrowed = Object.fromEntries(NARROWINGS.map((name) => [name, parameters.get(name) ?? ""]));
  return { from: from <= to ? from : to, to, compare: parameters.get("compare") !== "no", ...narrowed };
}

/** Return the parameters that say the same again; what is usual is left out. */
export function toAddress(question, today) {
  const found = new URLSearchParams();
  if (question.to !== today || question.from !== moved(today, 1 - USUAL_DAYS)) {
    found.set("from", question.from);
    found.set("to", question.to);
  }
  if (!question.compare) found.set("compare", "no");
  for (const name of NARROWINGS) if (question[name]) found.set(name, question[name]);
  return found;
}

/** The parameters of the interface for a question, or for one group's part of it. */
export function asked(question, more = {}) {
  const given = { from: question.from, to: question.to, ...narrowing(question), ...more };
  return new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

function narrowing(question) {
  return Object.fromEntries(NARROWINGS.map((name) => [name, question[name]]));
}

/** How many days it covers, both ends included. */
export function daysOf({ from, to }) {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
}

/** By what a trend is grouped: a day by its hours, a quarter by days, more by weeks. */
export function stepOf(question) {
  const days = daysOf(question);
  if (days === 1) return "hour";
  return days <= LONGEST_BY_DAY ? "day" : "week";
}

/** A day some days away, as YYYY-MM-DD. */
export function moved(from, days) {
  return new Date(Date.parse(from) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Today where the browser is; what a day is where the company is, the server decides. */
export function today(now = new Date()) {
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function day(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(Date.parse(text)) ? text : null;
}
