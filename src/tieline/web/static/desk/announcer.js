/** Says to screen readers what happened, politely, and only what is still true a moment later. */

import { setText } from "../core/dom.js";

const SETTLE_MS = 250;

export class Announcer {
  #node;
  #timer = null;
  #waiting = [];

  /** `node` is a polite live region. */
  constructor(node) {
    this.#node = node;
  }

  /** Announce the text that `tell()` returns once things have settled; null says nothing. */
  say(tell) {
    this.#waiting.push(tell);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#speak(), SETTLE_MS);
  }

  #speak() {
    const sentences = this.#waiting.map((tell) => tell()).filter(Boolean);
    this.#waiting = [];
    if (sentences.length) setText(this.#node, [...new Set(sentences)].join(" "));
  }
}
