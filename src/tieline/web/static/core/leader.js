/**
 * One tab leads. It alone follows the live channel and shows pops; the others wait and say so.
 *
 * A Web Lock decides: the browser hands it to the next tab the moment its holder is gone, however it went. Where the page is
 * served without TLS there are no locks; there the tab looked at last leads.
 */

/** Take part for `name`. `onLead` and `onFollow` are called on every change; returns `{claim}`, which takes the lead. */
export function takePart(name, { onLead, onFollow }) {
  return navigator.locks ? contestByLock(name, onLead, onFollow) : contestByAttention(name, onLead, onFollow);
}

function contestByLock(name, onLead, onFollow) {
  let waiting = null;
  let leads = false;
  const hold = () =>
    new Promise(() => {
      leads = true;
      onLead();
    });
  const standInLine = () => {
    const turn = new AbortController();
    waiting = turn;
    navigator.locks.request(name, { signal: turn.signal }, hold).catch(() => turn.signal.aborted || displaced());
  };
  const displaced = () => {
    leads = false;
    onFollow();
    standInLine();
  };
  navigator.locks.request(name, { ifAvailable: true }, (lock) => lock !== null).then((free) => {
    if (!free) onFollow();
    standInLine();
  });
  return {
    claim: () => {
      if (leads) return;
      waiting?.abort();
      navigator.locks.request(name, { steal: true }, hold).catch(displaced);
    },
  };
}

function contestByAttention(name, onLead, onFollow) {
  const others = new BroadcastChannel(name);
  let leads = false;
  const claim = () => {
    if (leads) return;
    leads = true;
    others.postMessage("mine");
    onLead();
  };
  const yieldTo = () => {
    if (!leads) return;
    leads = false;
    onFollow();
  };
  const succeed = () => setTimeout(() => !document.hidden && claim(), Math.random() * 300);
  others.addEventListener("message", ({ data }) => (data === "mine" ? yieldTo() : succeed()));
  window.addEventListener("focus", claim);
  window.addEventListener("pagehide", () => leads && others.postMessage("gone"));
  if (document.hidden) onFollow();
  else claim();
  return { claim };
}
