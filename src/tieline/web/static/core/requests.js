/** Requests to our own API: JSON in, JSON out, a refusal is an error that carries its code. */

export class Refused extends Error {
  /** `status` is the HTTP status, 0 when no answer came; `code` is the problem's code. */
  constructor(status, code) {
    super(code || `HTTP ${status}`);
    this.status = status;
    this.code = code;
  }
}

/**
 * Send `body`, if there is one, to `path` and return the answer. `key` stands for a session where there is none; `once` is the
 * key under which the request is carried out once, however often it is sent.
 */
export async function post(path, body = null, { key = null, once = null } = {}) {
  const content = body === null ? { headers: {} } : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const headers = { ...content.headers, ...(once ? { "Idempotency-Key": once } : {}) };
  return exchange(path, { method: "POST", ...content, headers }, key);
}

/** Put `body` at `path`, in place of what was there, and return the answer. */
export async function put(path, body) {
  return exchange(path, { method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }, null);
}

/** Read `path`. */
export async function read(path, { key = null } = {}) {
  return exchange(path, { headers: {} }, key);
}

async function exchange(path, request, key) {
  const headers = { ...request.headers, Accept: "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...request, headers, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch {
    throw new Refused(0, "offline");
  }
  const text = await answer.text();
  const content = text && /json/.test(answer.headers.get("Content-Type") ?? "") ? JSON.parse(text) : null;
  if (!answer.ok) throw new Refused(answer.status, content?.code ?? "");
  return content;
}
