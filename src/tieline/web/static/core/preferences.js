/** What the agent has set for this browser. The language is a cookie, so that the server's own pages speak it too. */

const KEY = "tieline.preferences";
const DEFAULTS = Object.freeze({ open: "answer", keys: true, notify: false });
const YEAR_S = 31_536_000;

let kept = { ...DEFAULTS };
const listeners = new Set();

/** Read what was kept, and follow what other tabs set; anything unreadable counts as unset. */
export function recall() {
  window.addEventListener("storage", ({ key }) => key === KEY && reread());
  reread();
}

function reread() {
  try {
    kept = { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    kept = { ...DEFAULTS };
  }
  for (const listener of listeners) listener();
}

/** Return one preference: `open` (answer, ring, click), `keys`, `notify`. */
export function preference(name) {
  return kept[name];
}

/** Set one preference and tell whoever listens. */
export function prefer(name, value) {
  kept = { ...kept, [name]: value };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing still honours the setting until the page closes.
  }
  for (const listener of listeners) listener();
}

/** Call `listener()` on every change. */
export function onPreference(listener) {
  listeners.add(listener);
}

/** Remember the language for this page and the server's. */
export function rememberLanguage(language) {
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `tieline_language=${language}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
}

/** A language in the address was a choice: keep it, and let a later one stand. */
export function keepChosenLanguage(language) {
  const address = new URL(window.location.href);
  if (!address.searchParams.has("lang")) return;
  rememberLanguage(language);
  address.searchParams.delete("lang");
  window.history.replaceState(null, "", address);
}
