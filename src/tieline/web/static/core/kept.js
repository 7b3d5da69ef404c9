/** What one tab keeps across a reload. A browser that forbids it, as some do inside a frame, just forgets. */

/** Keep a value under a name until the tab closes. */
export function keep(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Forbidden here: a reload will then ask for a new link.
  }
}

/** Return what was kept, or null. */
export function kept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}
