"""Node-RED doing the same job: one function node that asks the upstreams over keep-alive connections and maps the answers."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

VERSION = "4.1.8"
_FUNCTION = """
const agent = global.get('agent') || new (http.Agent)({keepAlive: true, maxSockets: 200});
global.set('agent', agent);
const get = path => new Promise((resolve, reject) => {
  http.get({host: '127.0.0.1', port: env.get('BENCH_UPSTREAM_PORT'), path, agent}, answer => {
    const parts = [];
    answer.on('data', part => parts.push(part));
    answer.on('end', () => { try { resolve(JSON.parse(Buffer.concat(parts))); } catch (error) { reject(error); } });
  }).on('error', reject);
});
const phone = encodeURIComponent(msg.req.query.phone);
const sources = (env.get('BENCH_SOURCES') || 'crm,orders,tickets').split(',');
const [c, orders, tickets] = await Promise.all(sources.map(source => get(`/${source}?phone=${phone}`)));
msg.payload = {
  customer: {id: c.id, name: c.full_name, company: c.company, phone: c.mobile, email: c.email,
    tier: ({GOLD: 'high_value'})[c.level] || 'regular', tags: c.labels, city: c.town, address: c.street, owner: c.owner,
    note: c.remark, since: new Date(c.created).toISOString(), spent: c.spent.value, orders: c.orders, url: c.link},
  orders: orders.map(o => ({number: o.no, status: o.state.toLowerCase(), placed_at: new Date(o.created).toISOString(),
    amount: o.amount.value, goods: o.goods, recipient: o.to, phone: o.mobile, address: o.address, carrier: o.carrier,
    tracking_number: o.track, url: o.url})),
  tickets: tickets.map(t => ({id: t.id, subject: t.title, status: t.state, priority: t.prio,
    opened_at: new Date(t.created).toISOString(), url: t.url})),
};
msg.headers = {'content-type': 'application/json'};
return msg;
"""


def install(folder: Path) -> Path | None:
    """Install Node-RED once into `folder`; None where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    entry = folder / "node_modules" / "node-red" / "red.js"
    if not entry.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(  # noqa: S603 - a fixed command line
            [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"node-red@{VERSION}"],
            check=True,
            capture_output=True,
        )
    return entry


def write_flow(folder: Path, *, port: int) -> Sequence[str]:
    """Write settings and the flow; return the command's arguments after the entry point."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.js").write_text(
        f"""module.exports = {{
  uiPort: {port}, uiHost: '127.0.0.1', httpAdminRoot: false, flowFile: 'flow.json', userDir: {json.dumps(str(folder))},
  functionExternalModules: true, functionGlobalContext: {{}}, logging: {{console: {{level: 'warn'}}}},
}};
"""
    )
    nodes = [
        {"id": "tab", "type": "tab", "label": "pop"},
        {"id": "in", "type": "http in", "z": "tab", "url": "/pop", "method": "get", "wires": [["fn"]]},
        {
            "id": "fn", "type": "function", "z": "tab", "func": _FUNCTION, "outputs": 1, "timeout": 0, "wires": [["out"]],
            "libs": [{"var": "http", "module": "http"}],
        },
        {"id": "out", "type": "http response", "z": "tab", "wires": []},
        {"id": "ready", "type": "http in", "z": "tab", "url": "/ready", "method": "get", "wires": [["out"]]},
    ]  # fmt: skip
    (folder / "flow.json").write_text(json.dumps(nodes))
    return ("--settings", str(folder / "settings.js"), "--userDir", str(folder))
