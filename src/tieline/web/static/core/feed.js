/**
 * The live channel, read as server-sent events over fetch.
 *
 * The browser's own EventSource hides the status of a refusal, cannot carry a key and never notices a connection that died
 * without a word; all three happen in a call centre (expired sessions, softphone frames, laptops that slept).
 */

const SILENCE_MS = 35_000; // the server speaks at least every 15 s
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 8_000;

export class Feed {
  #path;
  #key;
  #onEvent;
  #onState;
  #position = null;
  #stopped = false;
  #retry = FIRST_RETRY_MS;
  #current = null;
  #wake = null;
  #skewMs = 0;

  /** `onEvent({kind, data})` gets each event in order; `onState` gets connecting, live, retrying, refused or stopped. */
  constructor({ path, key = null, onEvent, onState }) {
    this.#path = path;
    this.#key = key;
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  /** Milliseconds by which the server's clock is ahead of ours. */
  get skewMs() {
    return this.#skewMs;
  }

  /** Connect, and stay connected until stopped. */
  async run() {
    window.addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#onState("connecting");
    while (!this.#stopped) {
      const refused = await this.#connect();
      if (this.#stopped) break;
      this.#onState(refused ? "refused" : "retrying");
      if (refused) return;
      await this.#pause();
    }
  }

  /** Leave. */
  stop() {
    this.#stopped = true;
    this.#current?.abort();
    this.#wake?.();
    window.removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#onState("stopped");
  }

  /** One connection from start to end; true when the server says that we may not. */
  async #connect() {
    this.#current = new AbortController();
    const headers = { Accept: "text/event-stream" };
    if (this.#key) headers.Authorization = `Bearer ${this.#key}`;
    if (this.#position !== null) headers["Last-Event-ID"] = this.#position;
    const signal = this.#current.signal;
    try {
      const answer = await fetch(this.#path, { headers, signal, credentials: "same-origin", cache: "no-store" });
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429) return true;
      if (answer.ok) await this.#follow(answer);
    } catch {
      // Cut off, restarted, asleep: whatever it was, the next attempt resumes behind the last event.
    }
    return false;
  }

  async #follow(answer) {
    const date = Date.parse(answer.headers.get("Date") ?? "");
    if (!Number.isNaN(date)) this.#skewMs = Math.abs(date - Date.now()) < 2_000 ? 0 : date - Date.now();
    this.#retry = FIRST_RETRY_MS;
    this.#onState("live");
    const silence = new Watchdog(SILENCE_MS, () => this.#current?.abort());
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader((event) => this.#deliver(event));
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        silence.feed();
        events.take(piece.value);
      }
    } finally {
      silence.stop();
    }
  }

  #deliver({ id, kind, data }) {
    this.#onEvent({ kind, data: JSON.parse(data) });
    if (id !== null) this.#position = id;
  }

  #hurry = () => {
    if (document.visibilityState === "visible") this.#wake?.();
  };

  /** Wait before the next attempt, longer each time, never in step with the other desks; a returning network ends the wait. */
  async #pause() {
    const wait = this.#retry * (0.5 + Math.random());
    this.#retry = Math.min(this.#retry * 2, LONGEST_RETRY_MS);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}

/** Calls `onSilence` when nothing was fed for `ms`. */
class Watchdog {
  constructor(ms, onSilence) {
    this.ms = ms;
    this.onSilence = onSilence;
    this.feed();
  }

  feed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onSilence, this.ms);
  }

  stop() {
    clearTimeout(this.timer);
  }
}

/** Cuts a text stream into events, as the HTML standard says (section 9.2.6); comments and unknown fields are skipped. */
export class EventReader {
  #rest = "";
  #event = { id: null, kind: "message", data: [] };

  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  take(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#event.data.push(value);
    else if (field === "event") this.#event.kind = value;
    else if (field === "id") this.#event.id = value;
    return undefined;
  }

  #dispatch() {
    const { id, kind, data } = this.#event;
    this.#event = { id: null, kind: "message", data: [] };
    if (data.length) this.onEvent({ id, kind, data: data.join("\n") });
  }
}
