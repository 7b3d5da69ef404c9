/** What is going on now, asked again every few seconds for as long as somebody can see it. */

import { read } from "../core/requests.js";

const EVERY_MS = 5_000;
const OLD_AFTER_MS = 20_000;

export class Live {
  #hear;
  #timer = null;
  #heard = null;
  #turn = 0;

  /** `hear({now, state})` gets the latest news, null before the first, and live, old or refused. */
  constructor(hear) {
    this.#hear = hear;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#ask()));
  }

  /** Begin. */
  run() {
    this.#ask();
  }

  async #ask() {
    this.#rest();
    const mine = this.#turn;
    try {
      const now = await read("/v1/wallboard");
      if (mine !== this.#turn) return; // asked again, or put to rest, in the meantime
      this.#heard = { now, at: Date.now() };
      this.#hear({ now, state: "live" });
    } catch (refused) {
      if (refused.status === undefined) throw refused;
      if (mine !== this.#turn) return;
      this.#hear({ now: this.#heard?.now ?? null, state: this.#stateAfter(refused) });
      if (refused.status === 401 || refused.status === 403) return;
    }
    this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
  }

  #stateAfter({ status }) {
    if (status === 401 || status === 403) return "refused";
    return this.#heard && Date.now() - this.#heard.at < OLD_AFTER_MS ? "live" : "old";
  }

  #rest() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
