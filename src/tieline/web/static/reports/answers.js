/** The answers to one question: each report asked once, however many panels show it. */

import { read } from "../core/requests.js";
import { asked, daysOf, moved } from "./question.js";

export class Answers {
  #asked = new Map();

  constructor(question) {
    this.question = question;
  }

  /** Return a report's answer by group. Rejects with Refused. */
  report(name, groupBy = null) {
    const compare = groupBy === null && this.question.compare ? "true" : "";
    return this.#once(`/v1/reports/${name}?${asked(this.question, { group_by: groupBy, compare })}`);
  }

  /** Return the same report of the span before, which is as long; null where no comparison is asked for. */
  earlier(name, groupBy) {
    if (!this.question.compare) return null;
    const before = { ...this.question, from: moved(this.question.from, -daysOf(this.question)), to: moved(this.question.from, -1) };
    return this.#once(`/v1/reports/${name}?${asked(before, { group_by: groupBy })}`);
  }

  /** Return tickets that came of a low score and are still open. */
  followUps() {
    return this.#once("/v1/follow-ups");
  }

  #once(path) {
    if (!this.#asked.has(path)) this.#asked.set(path, read(path));
    return this.#asked.get(path);
  }
}

/** One page of the rows behind a count. `part` narrows the question to one group. */
export function rowsBehind(question, { report, measure, part = {}, cursor = null }) {
  return read(`/v1/reports/${report}/rows?${asked(question, { measure, ...part, cursor, limit: 50 })}`);
}
