/** What the tabs of one desk tell one another, so that whichever leads next goes on where the last one stopped. */

export class Mirror {
  #others;
  notes = new Map();

  /** `agent` names the desk; `onMessage({kind, …})` hears what other tabs say. */
  constructor(agent, onMessage) {
    this.#others = new BroadcastChannel(`tieline.desk.${agent}`);
    this.#others.addEventListener("message", ({ data }) => {
      if (data.kind === "note") this.notes.set(data.popId, data.note);
      onMessage(data);
    });
  }

  /** Tell the other tabs. */
  tell(message) {
    if (message.kind === "note") this.notes.set(message.popId, message.note);
    this.#others.postMessage(message);
  }
}
