/** Links into other systems: only https, or plain http between programs on this same machine. */

import { element } from "./dom.js";
import { icon } from "./icons.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Return the address if it may be opened, otherwise null. */
export function safeAddress(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (url.username || url.password) return null;
  const local = LOOPBACK.has(url.hostname) && LOOPBACK.has(window.location.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && local) ? url.href : null;
}

/** A link that opens in its own tab and tells the other system nothing about us. Without a safe address, plain text. */
export function outsideLink(text, address, { label = "" } = {}) {
  const href = safeAddress(address);
  if (!href) return element("span", {}, text);
  return element(
    "a",
    { class: "link", href, target: "_blank", rel: "noopener noreferrer", "aria-label": label || null },
    text,
    icon("external"),
  );
}
