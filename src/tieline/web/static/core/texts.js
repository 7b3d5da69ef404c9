/** What the page says, in the agent's language, and how it writes numbers, times and money. */

import { learn, retell, sentenceOf } from "./phrases.js";

export const LANGUAGES = ["zh-CN", "en"];

let addresses = {};
let catalogue = {};
let language = "en";
let formats = {};

/** Load what every language needs. `page` is the body's dataset, which holds the catalogues' addresses. */
export async function listen(page) {
  addresses = { "zh-CN": page.messagesZh, en: page.messagesEn };
  await Promise.all([learn(page.phrases), speak(page.language)]);
}

/** Load a language; later texts are in it. */
export async function speak(wanted) {
  const chosen = LANGUAGES.includes(wanted) ? wanted : "en";
  const answer = await fetch(addresses[chosen], { credentials: "same-origin" });
  catalogue = await answer.json();
  language = chosen;
  formats = formatsFor(chosen);
  document.documentElement.lang = chosen;
}

/** Return the language now spoken. */
export function spoken() {
  return language;
}

/** Return the text `key` with `{name}` replaced. A count chooses between `key` and `key_one`. */
export function say(key, values = {}) {
  const singular = values.count === 1 ? catalogue[`${key}_one`] : undefined;
  const text = singular ?? catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Return the text `key` if there is one, otherwise `otherwise` as it came from the server. */
export function sayOr(key, otherwise) {
  return catalogue[key] ?? otherwise ?? "";
}

/** A sentence from the server, in the agent's language where we know it. */
export function told(text) {
  return retell(text, language);
}

/** A reason known by its code, without the values a sentence would have. */
export function reason(code) {
  return sentenceOf(code, language);
}

/** A word of a fixed vocabulary (a status, a tier): translated, or readable as it is. */
export function word(kind, value) {
  return sayOr(`${kind}.${value}`, String(value ?? "").replaceAll("_", " "));
}

/** Time of day today, with the date on other days, with the year in other years. */
export function moment(iso, now = new Date()) {
  const at = new Date(iso);
  if (!iso || Number.isNaN(at.getTime())) return "";
  if (at.toDateString() === now.toDateString()) return formats.time.format(at);
  return at.getFullYear() === now.getFullYear() ? formats.dayTime.format(at) : formats.day.format(at);
}

/** The day only. Text without a time of day is taken as it is, so that no time zone moves it. */
export function day(iso) {
  const plain = /^(\d{4})-(\d\d)-(\d\d)$/.exec(iso ?? "");
  const at = plain ? new Date(Number(plain[1]), Number(plain[2]) - 1, Number(plain[3])) : new Date(iso);
  return iso && !Number.isNaN(at.getTime()) ? formats.day.format(at) : "";
}

/** `{amount, currency}` as money. The amount stays text all the way, so that no digit is rounded. */
export function money(value) {
  if (!value || value.amount === undefined) return "";
  try {
    return new Intl.NumberFormat(language, { style: "currency", currency: value.currency }).format(value.amount);
  } catch {
    return `${value.amount} ${value.currency ?? ""}`.trim();
  }
}

/** A share between 0 and 1 as a percentage. */
export function percent(share) {
  return formats.percent.format(share ?? 0);
}

/** Whole seconds as 0:07, 12:34 or 1:02:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A country's name from its two letters. */
export function country(code) {
  try {
    return code ? formats.regions.of(code) : "";
  } catch {
    return code;
  }
}

function formatsFor(locale) {
  return {
    time: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    dayTime: new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    day: new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric" }),
    percent: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }),
    regions: new Intl.DisplayNames([locale], { type: "region" }),
  };
}
