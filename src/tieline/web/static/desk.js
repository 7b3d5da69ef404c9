/** The agent's desk: one leading tab follows the live channel, keeps the calls, and draws them. */

import { element, setText } from "./core/dom.js";
import { Calls } from "./core/calls.js";
import { Feed } from "./core/feed.js";
import { takePart } from "./core/leader.js";
import { keepChosenLanguage, onPreference, preference, recall, rememberLanguage } from "./core/preferences.js";
import { post, read } from "./core/requests.js";
import { listen, say, speak } from "./core/texts.js";
import { Announcer } from "./desk/announcer.js";
import { board as makeBoard } from "./desk/board.js";
import { CardTickets } from "./desk/card_tickets.js";
import { callList } from "./desk/call_list.js";
import { listenForKeys } from "./desk/keys.js";
import { Mirror } from "./desk/mirror.js";
import { Notifier } from "./desk/notifier.js";
import { settingsPanel } from "./desk/settings_panel.js";
import { topBar } from "./desk/topbar.js";
import { callerName } from "./card/caller.js";
import { wayOf } from "./card/linking.js";

const page = document.body.dataset;
const agent = page.agent;

class Desk {
  calls = new Calls({
    now: () => Date.now(),
    opensOn: () => preference("open"),
    isBusy: (popId) => Boolean(this.board.card(popId)?.isBusy()),
  });
  notifier = new Notifier();
  tickets = new CardTickets({ read: ({ popId }) => read(`/v1/pops/${encodeURIComponent(popId)}/tickets`), draw: () => this.draw() });
  leads = true;
  link = "connecting";
  feed = null;

  constructor() {
    const host = this.host();
    this.board = makeBoard(host);
    this.rail = callList(host);
    this.bar = topBar({ agent, agentName: page.agentName, mayLeave: page.mayLeave === "yes", settings: settingsPanel(this.notifier), host });
    const live = element("div", { class: "visually-hidden", role: "status", "aria-live": "polite", id: "announcements" });
    this.announcer = new Announcer(live);
    this.skip = element("a", { class: "skip", href: "#main" });
    const desk = element("div", { class: "desk" }, this.rail.node, this.board.node);
    document.body.append(this.skip, this.bar.node, desk, live);
    this.mirror = new Mirror(agent, (message) => this.hear(message));
  }

  /** What cards, rail and bar may ask of the desk. */
  host() {
    return {
      now: () => Date.now(),
      serverNow: () => Date.now() + (this.feed?.skewMs ?? 0),
      keysOn: () => preference("keys"),
      isOpen: (call) => this.calls.isOpen(call),
      numberShown: (call) => this.calls.numberShown(call),
      open: (call) => this.then(() => this.calls.setOpen(call.popId, true)),
      close: (call) => this.then(() => this.calls.close(call.popId)),
      select: (call) => this.then(() => this.calls.select(call.popId)),
      noted: ({ popId, note }) => this.mirror.tell({ kind: "note", popId, note }),
      choose: (call, ref, remember) => post(`/v1/pops/${encodeURIComponent(call.popId)}/choose`, { ref, remember }),
      findCustomers: (words) => read(`/v1/customers?${new URLSearchParams(wayOf(words))}`),
      link: (call, ref) => post(`/v1/pops/${encodeURIComponent(call.popId)}/link`, { ref }),
      retry: (call) => this.askAgain(call),
      leaveForReview: (call, verdict) => post(`/v1/pops/${encodeURIComponent(call.popId)}/review`, { verdict }),
      ticketForm: () => read("/v1/ticket-form"),
      openTicket: (call, wish, key) => post("/v1/tickets", { ...wish, ...aboutCall(call.pop) }, { once: key }),
      renewTickets: (call) => this.tickets.renew(call),
      isOpenOrder: (status) => page.openOrders.split(" ").includes(status),
      askRefund: ({ connection, number }, wish, key) => post(refundsOf(connection, number), wish, { once: key }),
      trace: (path) => read(path),
      speak: (language) => this.speak(language),
      claim: () => this.part.claim(),
    };
  }

  /** Start: find out who leads, then keep time. */
  start() {
    this.draw();
    this.part = takePart(`tieline.desk.${agent}`, { onLead: () => this.lead(), onFollow: () => this.follow() });
    onPreference(() => this.draw());
    listenForKeys({ isOn: () => this.leads && preference("keys"), acts: (key) => this.act(key) });
    setInterval(() => this.tick(), 1_000);
    window.addEventListener("beforeunload", (leaving) => {
      if (this.leads && this.calls.current().some((call) => call.note)) leaving.preventDefault();
    });
  }

  lead() {
    this.leads = true;
    this.feed = new Feed({
      path: `/v1/agents/${encodeURIComponent(agent)}/pops`,
      onEvent: (event) => this.take(event),
      onState: (state) => this.linked(state),
    });
    this.feed.run();
    this.draw();
  }

  follow() {
    this.leads = false;
    this.feed?.stop();
    this.feed = null;
    this.calls.live.clear();
    this.calls.front = null;
    this.draw();
  }

  linked(state) {
    this.link = this.leads ? state : "elsewhere";
    if (state === "refused" && page.mayLeave === "yes") window.location.assign("/desk/sign-in");
    this.draw();
  }

  /** One event of the live channel. The screen is drawn before the acknowledgement says so. */
  take({ kind, data }) {
    if (kind === "resync") this.agree(data);
    else if (kind === "pop.withdraw") this.withdraw(data);
    else if (kind === "ticket.moved") this.renewTickets(data);
    else if (kind === "pop.show" || kind === "pop.update") this.show(data);
    this.draw();
    if (kind === "pop.show") this.acknowledge(data);
  }

  /** After an interruption: what moved meanwhile was told to nobody. */
  agree(data) {
    this.calls.agree(data);
    for (const call of this.calls.live.values()) if (call.tickets) this.tickets.renew(call);
  }

  renewTickets({ pop_id: popId }) {
    const call = this.calls.live.get(popId);
    if (call) this.tickets.renew(call);
  }

  show(pop) {
    const { call, change } = this.calls.take(pop);
    this.tickets.follow(call);
    if (!call.note) call.note = this.mirror.notes.get(call.popId) ?? "";
    if (change === "new") {
      this.announcer.say(() => (call.over ? null : say("announce.call", { name: callerName(call.pop), where: placeOf(call.pop) })));
      this.notifier.announce(call, () => this.then(() => this.calls.select(call.popId)));
    }
    if (change === "over") this.tellOver(call);
    if (change === "owned") this.announcer.say(() => say("strip.owned"));
    if (change === "answered" || change === "owned") this.notifier.settle(call.popId);
  }

  withdraw(data) {
    const call = this.calls.withdraw(data);
    if (call) this.tellOver(call);
  }

  tellOver(call) {
    this.notifier.settle(call.popId);
    this.announcer.say(() => say("announce.over", { name: callerName(call.pop) }));
  }

  acknowledge({ pop_id: popId }) {
    const path = `/v1/agents/${encodeURIComponent(agent)}/pops/${encodeURIComponent(popId)}/ack`;
    post(path).catch(() => undefined); // an unheard acknowledgement is the server's to follow up
  }

  askAgain(call) {
    post(`/v1/pops/${encodeURIComponent(call.popId)}/ask-again`).catch(() => undefined); // the card keeps saying what it lacks
  }

  /** What a key means; false when it means nothing now. */
  act(key) {
    if (/^[1-5]$/.test(key)) return Boolean(this.board.frontCard()?.chooseAt(Number(key)));
    if (key === "o") return this.openRinging();
    if (key === "t") return Boolean(this.board.frontCard()?.openTicketForm());
    if (key === "n") return this.then(() => this.board.frontCard()?.focusNote());
    if (key === "j" || key === "k") return this.step(key === "j" ? 1 : -1);
    return false;
  }

  openRinging() {
    const front = this.calls.live.get(this.calls.front);
    const call = front && !this.calls.isOpen(front) ? front : this.calls.current().find((one) => !this.calls.isOpen(one));
    if (!call) return false;
    this.calls.setOpen(call.popId, true);
    return this.then(() => this.calls.select(call.popId));
  }

  step(by) {
    const order = [...this.calls.live.keys()];
    if (order.length < 2) return false;
    const next = order[(order.indexOf(this.calls.front) + by + order.length) % order.length];
    return this.then(() => this.calls.select(next));
  }

  hear(message) {
    if (message.kind === "language") this.speak(message.language, false);
  }

  async speak(language, tell = true) {
    await speak(language);
    rememberLanguage(language);
    if (tell) this.mirror.tell({ kind: "language", language });
    this.draw();
  }

  then(change) {
    change();
    this.draw();
    return true;
  }

  draw() {
    const waiting = this.calls.current().filter((call) => call.pop.mode === "preview").length;
    document.title = waiting ? say("title.ringing", { count: waiting }) : say("title.quiet");
    setText(this.skip, say("bar.skip"));
    this.bar.update(this.leads ? this.link : "elsewhere");
    this.rail.update(this.leads ? this.calls : { live: new Map(), recent: [], front: null });
    this.board.update(this.calls, { leads: this.leads });
  }

  tick() {
    this.board.tick();
    this.rail.tick();
  }
}

function placeOf(pop) {
  return pop.call?.line_name ?? pop.queue ?? pop.line ?? "";
}

function refundsOf(connection, number) {
  return `/v1/orders/${encodeURIComponent(connection)}/${encodeURIComponent(number)}/refund-requests`;
}

/** What ties a new ticket to its call. Whose number it is, the call itself knows. */
function aboutCall({ call_id: callId, customer, match }) {
  const known = match.state === "known" && customer ? { customer: customer.ref } : {};
  return { source: "call", ...(callId ? { call_id: callId } : {}), ...known };
}

recall();
keepChosenLanguage(page.language);
await listen(page);
new Desk().start();
