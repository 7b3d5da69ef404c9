/** Single-key shortcuts. They rest while the agent types, and can be switched off. */

import { takesText } from "../core/dom.js";

/** Listen for keys. `acts(key)` does what the key means and says whether it meant anything; `isOn()` is the setting. */
export function listenForKeys({ isOn, acts }) {
  document.addEventListener("keydown", (press) => {
    if (!isOn() || press.defaultPrevented || press.isComposing) return;
    if (press.ctrlKey || press.metaKey || press.altKey || takesText(press.target)) return;
    if (acts(press.key.toLowerCase())) press.preventDefault();
  });
}
