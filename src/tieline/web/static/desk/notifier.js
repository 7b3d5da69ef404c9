/** Desktop notifications, for a desk that is behind other windows. Only after the agent asked for them with a button. */

import { prefer, preference } from "../core/preferences.js";
import { say } from "../core/texts.js";

export class Notifier {
  #shown = new Map();

  /** on, off, denied (by the browser) or unavailable (no TLS, no support). */
  state() {
    if (!("Notification" in window) || !window.isSecureContext) return "unavailable";
    if (Notification.permission === "denied") return "denied";
    return preference("notify") && Notification.permission === "granted" ? "on" : "off";
  }

  /** Switch on, asking the browser for leave, or off again. */
  async ask() {
    if (this.state() === "on") return prefer("notify", false);
    return prefer("notify", (await Notification.requestPermission()) === "granted");
  }

  /** Tell of a call. A lock screen may show it, so it names the queue and never the caller. */
  announce(call, onClick) {
    if (this.state() !== "on" || document.visibilityState === "visible") return;
    const where = call.pop.call?.line_name ?? call.pop.queue ?? "";
    const shown = new Notification(say("notify.title"), { body: where, tag: call.popId });
    shown.addEventListener("click", () => {
      window.focus();
      onClick();
      shown.close();
    });
    this.#shown.set(call.popId, shown);
  }

  /** The call was answered or is over. */
  settle(popId) {
    this.#shown.get(popId)?.close();
    this.#shown.delete(popId);
  }
}
