/**
 * The page a softphone opens for one call: the one-time code in its address is exchanged, and the address is clean at once.
 *
 * What comes back is the card and a key that follows this agent's pops for a few hours; it lives in this tab only.
 */

import { Calls } from "./core/calls.js";
import { element, setAttribute, setHidden, setText } from "./core/dom.js";
import { Feed } from "./core/feed.js";
import { keep, kept } from "./core/kept.js";
import { rememberLanguage } from "./core/preferences.js";
import { post } from "./core/requests.js";
import { LANGUAGES, listen, say, speak, spoken } from "./core/texts.js";
import { callCard } from "./card/card.js";

const page = document.body.dataset;
const popId = page.popId;
const KEPT = `tieline.pop.${popId}`;

class PopPage {
  calls = new Calls({ now: () => Date.now(), opensOn: () => "ring", isBusy: () => false });
  grant = null;
  trouble = null;
  link = "connecting";

  constructor(code) {
    this.code = code;
    this.card = null;
    this.state = element("p", { class: "link-state", role: "status" });
    this.language = element("button", { type: "button", class: "button plain small", on: { click: () => this.speak() } });
    this.place = element("main", { id: "main" });
    this.troubleTitle = element("h1");
    this.troubleText = element("p", { class: "quiet" });
    this.again = element("button", { type: "button", class: "button primary", on: { click: () => this.start() } });
    this.desk = element("a", { href: "/desk", class: "link" });
    this.troubles = element("section", { class: "idle", role: "alert" }, this.troubleTitle, this.troubleText, this.again, this.desk);
    const bar = element("header", { class: "pop-bar" }, element("p", { class: "brand" }, element("span", { class: "brand-mark", "aria-hidden": "true" }), "Tieline"), this.state, this.language);
    document.body.append(element("div", { class: "pop-shell" }, bar, this.troubles, this.place));
    setInterval(() => this.card?.tick(), 1_000);
  }

  async start() {
    this.trouble = null;
    this.draw();
    try {
      await this.open();
    } catch (refused) {
      this.trouble = refused.status >= 400 && refused.status < 500 ? "gone" : "failed";
    }
    this.draw();
  }

  /** Show the code, or, after a reload, go on with the key this tab already has. */
  async open() {
    const earlier = kept(KEPT);
    if (this.code) {
      const { pop, ...grant } = await post(`/v1/pops/${encodeURIComponent(popId)}/open`, { code: this.code });
      this.code = null;
      keep(KEPT, grant);
      this.grant = grant;
      this.take({ kind: "pop.show", data: pop });
    } else if (earlier) {
      this.grant = earlier;
    } else {
      this.trouble = "gone";
      return;
    }
    this.follow();
  }

  follow() {
    if (!this.grant.agent) return;
    this.feed = new Feed({
      path: `/v1/agents/${encodeURIComponent(this.grant.agent)}/pops`,
      key: this.grant.key,
      onEvent: (event) => this.take(event),
      onState: (state) => {
        this.link = state;
        if (state === "refused" && !this.call()) this.trouble = "gone";
        this.draw();
      },
    });
    this.feed.run();
  }

  /** Of all that happens at this desk, only what concerns this call is shown here. */
  take({ kind, data }) {
    if (kind === "resync") {
      const ending = data.recent.find(({ pop }) => pop.pop_id === popId);
      if (ending) {
        this.calls.take(ending.pop);
        this.calls.withdraw({ pop_id: popId, reason: ending.reason, at: ending.at });
      }
      if (!this.call()) this.trouble = "gone";
    }
    if (data.pop_id !== popId) return this.draw();
    if (kind === "pop.withdraw") this.calls.withdraw(data);
    else if (kind === "pop.show" || kind === "pop.update") this.calls.take(data);
    this.draw();
    if (kind === "pop.show") this.acknowledge();
    return undefined;
  }

  call() {
    return this.calls.live.get(popId);
  }

  acknowledge() {
    const { agent, key } = this.grant;
    if (!agent) return;
    const path = `/v1/agents/${encodeURIComponent(agent)}/pops/${encodeURIComponent(popId)}/ack`;
    post(path, null, { key }).catch(() => undefined); // an unheard acknowledgement is the server's to follow up
  }

  host() {
    const call = (path, body = null) => post(path, body, { key: this.grant.key });
    return {
      now: () => Date.now(),
      serverNow: () => Date.now() + (this.feed?.skewMs ?? 0),
      keysOn: () => false,
      isOpen: () => true,
      numberShown: (one) => this.calls.numberShown(one),
      open: () => undefined,
      close: () => this.draw(),
      noted: () => undefined,
      choose: (one, ref, remember) => call(`/v1/pops/${encodeURIComponent(one.popId)}/choose`, { ref, remember }),
      retry: (one) => call(`/v1/pops/${encodeURIComponent(one.popId)}/ask-again`).catch(() => undefined),
      leaveForReview: (one, verdict) => call(`/v1/pops/${encodeURIComponent(one.popId)}/review`, { verdict }),
      trace: null, // the page's key follows pops and nothing else
    };
  }

  async speak() {
    const next = LANGUAGES.find((language) => language !== spoken());
    await speak(next);
    rememberLanguage(next);
    this.draw();
  }

  draw() {
    document.title = say("pop.title");
    setText(this.language, spoken() === "en" ? "中文" : "English");
    setHidden(this.state, !this.grant?.agent);
    setAttribute(this.state, "data-state", this.link);
    setText(this.state, say(`link.${this.link}`));
    setHidden(this.troubles, !this.trouble);
    if (this.trouble) {
      setText(this.troubleTitle, say(`pop.${this.trouble}_title`));
      setText(this.troubleText, say(`pop.${this.trouble}_text`));
      setText(this.again, say("pop.again"));
      setText(this.desk, say("pop.to_desk"));
      setHidden(this.again, this.trouble === "gone");
    }
    const call = this.call();
    if (!call) return;
    if (!this.card) {
      this.card = callCard(this.host());
      this.place.append(this.card.node);
    }
    this.card.update(call);
  }
}

const address = new URL(window.location.href);
window.history.replaceState(null, "", address.pathname);
await listen(page);
await new PopPage(address.searchParams.get("code")).start();
