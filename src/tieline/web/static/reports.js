/** The reports: one question, answered by tiles, charts and tables that each load and fail by themselves; or the wall. */

import { element, setText } from "./core/dom.js";
import { keepChosenLanguage, rememberLanguage } from "./core/preferences.js";
import { listen, moment, say, speak } from "./core/texts.js";
import { ageingPanel } from "./reports/ageing_panel.js";
import { agentsPanel } from "./reports/agents_panel.js";
import { Answers } from "./reports/answers.js";
import { filters } from "./reports/filters.js";
import { groupOf } from "./reports/groups.js";
import { heatPanel } from "./reports/heat_panel.js";
import { Live } from "./reports/live.js";
import { nowStrip } from "./reports/now.js";
import { meaningDialog } from "./reports/meaning_dialog.js";
import { People } from "./reports/people.js";
import { fromAddress, NARROWINGS, toAddress, today } from "./reports/question.js";
import { ranksPanel } from "./reports/ranks_panel.js";
import { reportBar } from "./reports/report_bar.js";
import { rowsDialog } from "./reports/rows_dialog.js";
import { tiles } from "./reports/tiles.js";
import { learnTree } from "./reports/tree.js";
import { trendPanel } from "./reports/trend_panel.js";
import { wall } from "./reports/wall.js";

const page = document.body.dataset;
const PANELS = [
  [trendPanel, { id: "volume", series: [{ name: "served", as: "bar", tone: 1 }, { name: "abandoned", as: "bar", tone: 5 }, { name: "missed", as: "bar", tone: 4 }] }],
  [trendPanel, { id: "service", series: [{ name: "service_level", as: "line", tone: 2 }, { name: "abandonment", as: "line", tone: 5 }] }],
  [trendPanel, { id: "satisfaction", series: [{ name: "csat", as: "line", tone: 3 }, { name: "fcr", as: "line", tone: 1 }] }],
  [trendPanel, { id: "recommendation", series: [{ name: "nps", as: "line", tone: 6 }] }],
  [trendPanel, { id: "handling", series: [{ name: "aht_s", as: "line", tone: 4 }] }],
  [ranksPanel, { id: "causes", report: "causes", by: ["cause", "product", "region", "tier", "queue", "agent"], name: "loops", columns: ["loops", "complaints", "csat_answers", "csat", "loops_closed", "feedback_loop_s"], tone: 5 }],
  [ranksPanel, { id: "queues", report: "kpis", by: ["queue"], name: "calls", columns: ["calls", "served", "abandoned", "service_level", "abandonment", "aht_s"], tone: 2 }],
  [ageingPanel, { id: "ageing" }],
  [heatPanel, { id: "heat" }],
  [agentsPanel, { id: "agents" }],
];

class Reports {
  people = new People();
  question = fromAddress(new URLSearchParams(window.location.search), today());

  constructor() {
    const host = this.host();
    this.bar = reportBar({ mayLeave: page.mayLeave === "yes", host });
    this.filters = filters({ ask: (question) => this.ask(question), today });
    this.now = nowStrip();
    this.tiles = tiles(host);
    this.panels = PANELS.map(([make, wish]) => make(wish, host));
    this.dialog = rowsDialog(host);
    this.meaning = meaningDialog({ nameOf: host.nameOf, mayCorrect: page.mayCorrect === "yes", changed: () => this.countAgain() });
    this.skip = element("a", { class: "skip", href: "#main" });
    this.span = element("p", { class: "report-span quiet" });
    const grid = element("div", { class: "report-grid" }, ...this.panels.map((panel) => panel.node));
    const main = element("main", { id: "main", class: "reports", tabindex: "-1" }, this.filters.node, this.span, this.now.node, this.tiles.node, grid);
    document.body.append(this.skip, this.bar.node, main, this.dialog.node, this.meaning.node);
  }

  /** What panels may ask of the page. */
  host() {
    return {
      open: (wish) => this.dialog.open(wish),
      list: (content) => this.dialog.list(content),
      meaning: (id) => this.meaning.open(id),
      question: () => this.question,
      people: () => this.people.known(),
      nameOf: (id) => this.people.nameOf(id),
      about: () => [`${this.question.from} – ${this.question.to}`],
      file: (name) => `tieline-${name}-${this.question.from}-${this.question.to}`,
      speak: (language) => this.speak(language),
    };
  }

  async start() {
    await learnTree();
    this.load();
    new Live((news) => this.now.update(news)).run();
    setInterval(() => this.now.tick(), 1_000);
    window.addEventListener("popstate", () => {
      this.question = fromAddress(new URLSearchParams(window.location.search), today());
      this.load();
    });
  }

  ask(question) {
    this.question = question;
    const address = toAddress(question, today()).toString();
    window.history.pushState(null, "", address ? `?${address}` : window.location.pathname);
    this.load();
  }

  /** A person's word changed what is counted. */
  countAgain() {
    this.dialog.again();
    this.load();
  }

  load() {
    this.answers = new Answers(this.question);
    this.draw();
    this.tiles.load(this.answers);
    for (const panel of this.panels) panel.load(this.answers);
    this.offer(this.answers);
    this.tellSpan(this.answers);
  }

  draw() {
    document.title = `${say("reports.title")} · Tieline`;
    setText(this.skip, say("bar.skip"));
    this.bar.update();
    this.filters.update(this.question);
  }

  /** Offer what there is to narrow by. What cannot be told is not offered; the panels say why. */
  async offer(answers) {
    await this.people.known().catch(leaveToPanels);
    this.filters.offer("agent", this.people.agents.map(({ id, name }) => [id, name]));
    this.filters.offer("team", [...new Set(this.people.agents.map(({ team }) => team).filter(Boolean))].sort().map((team) => [team, team]));
    const queues = await answers.report("kpis", "queue").catch(leaveToPanels);
    if (!queues) return;
    this.filters.offer("queue", queues.rows.map((row) => groupOf(row, "queue")).filter(({ key }) => key).map(({ key, label }) => [key, label]));
  }

  async tellSpan(answers) {
    const whole = await answers.report("kpis").catch(leaveToPanels);
    if (!whole || answers !== this.answers) return;
    setText(this.span, say("reports.span", { from: this.question.from, to: this.question.to, zone: whole.zone, at: moment(whole.as_of ?? new Date().toISOString()) }));
  }

  async speak(language) {
    await speak(language);
    rememberLanguage(language);
    this.load();
  }
}

function leaveToPanels(refused) {
  if (refused.status === undefined) throw refused;
  if (refused.status === 401 && page.mayLeave === "yes") window.location.assign("/desk/sign-in?to=reports");
  return null;
}

/** The wall asks for today alone, whatever else stands in the address. */
function startWall() {
  const host = {
    open: () => undefined, // nobody stands close enough to open a row
    about: () => [today()],
    file: (name) => `tieline-${name}-${today()}`,
    nothingNarrowed: Object.fromEntries(NARROWINGS.map((name) => [name, ""])),
    today,
  };
  const shown = wall(host);
  document.body.classList.add("on-wall");
  document.body.append(shown.node);
  document.title = `${say("wall.title")} · Tieline`;
  shown.update();
  shown.run();
  new Live((news) => shown.hear(news)).run();
  setInterval(shown.tick, 1_000);
}

keepChosenLanguage(page.language);
await listen(page);
if (page.wall === "yes") startWall();
else await new Reports().start();
