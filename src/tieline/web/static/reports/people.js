/** Who the agents are. Whoever may not list them sees their numbers instead of their names. */

import { read } from "../core/requests.js";

export class People {
  #asked = null;
  names = new Map();
  agents = [];

  /** Return id → name; asked once. */
  async known() {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  /** A person's name, else what they are called by. */
  nameOf(id) {
    return id ? (this.names.get(id) ?? id) : "–";
  }

  async #ask() {
    try {
      this.agents = (await read("/v1/agents")).items;
    } catch (refused) {
      if (refused.status !== 403) throw refused;
    }
    this.names = new Map(this.agents.map(({ id, name }) => [id, name]));
    return this.names;
  }
}
