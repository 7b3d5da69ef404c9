/** The view for a screen on the wall: this moment, today's figures, today by hours. It asks for itself and needs no hand. */

import { element, followList, setAttribute, setText } from "../core/dom.js";
import { moment, say } from "../core/texts.js";
import { nameOf, written } from "./figures.js";
import { Answers } from "./answers.js";
import { nowStrip } from "./now.js";
import { trendPanel } from "./trend_panel.js";

const FIGURES_EVERY_MS = 60_000;
const SHOWN = ["calls", "service_level", "abandonment", "aht_s", "csat", "complaints"];
const BY_HOUR = { id: "volume_today", wide: true, height: 240, series: [{ name: "served", as: "bar", tone: 1 }, { name: "abandoned", as: "bar", tone: 5 }, { name: "missed", as: "bar", tone: 4 }] };

/** Return `{node, hear, run, tick, update}`. `host.today()` is the day; `hear` takes what `Live` tells. */
export function wall(host) {
  const title = element("h1");
  const time = element("time", { class: "wall-clock timer" });
  const back = element("a", { class: "button small", href: "/reports" });
  const asOf = element("p", { class: "quiet wall-as-of", role: "status" });
  const strip = nowStrip();
  const figures = element("ul", { class: "tiles wall-tiles" });
  const hours = trendPanel(BY_HOUR, host);
  const node = element("main", { id: "main", class: "wall", tabindex: "-1" }, element("header", { class: "wall-head" }, title, asOf, time, back), strip.node, figures, hours.node);
  let known = null;

  async function refresh() {
    const question = { ...host.nothingNarrowed, from: host.today(), to: host.today(), compare: false }; // half a day is not held against a whole one
    const answers = new Answers(question);
    hours.load(answers);
    try {
      known = await answers.report("kpis");
      setText(asOf, say("wall.as_of", { at: moment(known.as_of ?? new Date().toISOString()) }));
      setAttribute(asOf, "data-old", false);
    } catch (refused) {
      if (refused.status === undefined) throw refused;
      setAttribute(asOf, "data-old", true);
      setText(asOf, say("wall.old"));
    }
    draw();
  }

  function draw() {
    followList(figures, known ? SHOWN.filter((name) => name in known.total) : [], { key: (name) => name, create: figureTile });
  }

  function figureTile() {
    const label = element("h3", { class: "tile-name" });
    const value = element("p", { class: "tile-value" });
    const tile = element("li", { class: "tile" }, label, value);
    function update(name) {
      setText(label, nameOf(name));
      setText(value, written(known.total[name], known.formulas[name]?.unit));
      setAttribute(tile, "data-figure", name);
    }
    return { node: tile, update };
  }

  function update() {
    setText(title, say("wall.title"));
    setText(back, say("wall.back"));
    draw();
  }

  function tick() {
    setText(time, new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date()));
    strip.tick();
  }

  function run() {
    refresh();
    setInterval(refresh, FIGURES_EVERY_MS);
  }

  return { node, hear: strip.update, run, tick, update };
}
