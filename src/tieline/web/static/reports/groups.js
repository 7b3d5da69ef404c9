/** What the groups of a report are called, and which part of the question each one is. */

import { say, sayOr, spoken } from "../core/texts.js";
import { FIGURES } from "./figures.js";
import { daysOf, moved } from "./question.js";
import { causeName } from "./tree.js";

/** Return the group a row stands for: its key, name, and the narrowing that asks for it alone (null: it cannot be asked for). */
export function groupOf(row, groupBy, people = new Map()) {
  const key = row[groupBy] ?? null;
  return { key, label: labelOf(key, groupBy, people), part: partOf(key, groupBy) };
}

/** Return rows for every day or hour there is, also for those without a call: no gap in time is shorter than it was. */
export function filled(rows, groupBy, question, names) {
  const keys = keysOf(groupBy, question);
  if (!keys) return rows;
  const known = new Map(rows.map((row) => [row[groupBy], row]));
  const nothing = Object.fromEntries(names.map((name) => [name, name in FIGURES ? null : 0]));
  return keys.map((key) => known.get(key) ?? { [groupBy]: key, ...nothing });
}

function keysOf(groupBy, question) {
  if (groupBy === "hour") return Array.from({ length: 24 }, (_, hour) => String(hour));
  return groupBy === "day" ? Array.from({ length: daysOf(question) }, (_, day) => moved(question.from, day)) : null;
}

function labelOf(key, groupBy, people) {
  if (key === null || key === "") return say("group.none");
  if (groupBy === "day") return shortDay(key);
  if (groupBy === "hour") return `${String(key).padStart(2, "0")}:00`;
  if (groupBy === "agent") return people.get(key) ?? key;
  if (groupBy === "cause") return causeName(key);
  if (groupBy === "tier") return sayOr(`tier.${key}`, key);
  return String(key);
}

function partOf(key, groupBy) {
  if (key === null) return null;
  if (groupBy === "day") return { from: key, to: key };
  if (["hour", "agent", "queue", "team", "tier", "line", "channel", "cause", "product", "region", "week", "month"].includes(groupBy)) return { [groupBy]: key };
  return null;
}

function shortDay(text) {
  const [year, month, day] = text.split("-").map(Number);
  return new Intl.DateTimeFormat(spoken(), { month: "numeric", day: "numeric" }).format(new Date(year, month - 1, day));
}

/** The days of a week, Monday first, short. */
export function weekdays() {
  const format = new Intl.DateTimeFormat(spoken(), { weekday: "short" });
  return [1, 2, 3, 4, 5, 6, 7].map((day) => format.format(new Date(2024, 0, day))); // 1 January 2024 was a Monday
}
