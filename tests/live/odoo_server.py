"""Start a real Odoo 19 for the tests, by the laboratory's own scripts, which lie beside the repository and not in it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

LABORATORY: Final = Path(os.environ.get("TIELINE_LAB", Path(__file__).parents[3] / "shared" / "lab"))
URL: Final = "http://127.0.0.1:18069"
DATABASE: Final = "lab"
KEY_FIELD: Final = "x_tieline_key"
PATIENCE_S: Final = 900


class OdooUnavailable(Exception):
    """No real Odoo is to be had here."""


@dataclass(frozen=True, slots=True)
class Odoo:
    """Where it listens, and the key of its administrator."""

    url: str
    database: str
    api_key: str

    def call(self, model: str, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - any JSON
        """Call a method as its administrator, past our connector."""
        answer = httpx.post(
            f"{self.url}/json/2/{model}/{method}",
            json=arguments,
            headers={"Authorization": f"Bearer {self.api_key}", "X-Odoo-Database": self.database},
            timeout=30,
            trust_env=False,
        )
        answer.raise_for_status()
        return answer.json()


def running_odoo() -> Odoo:
    """Return a running Odoo with the laboratory's customers. Raises: OdooUnavailable: the scripts are not here, or fail."""
    script = LABORATORY / "lab-odoo.sh"
    if not script.is_file():
        reason = f"there is no {script.name} under TIELINE_LAB"
        raise OdooUnavailable(reason)
    for verb in ("up", "seed"):
        _run(script, verb)
    running = Odoo(URL, DATABASE, _run(script, "apikey").strip().splitlines()[-1])
    _ensure_key_field(running)
    return running


def _run(script: Path, verb: str) -> str:
    done = subprocess.run(["bash", str(script), verb], capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # noqa: S603, S607 - the laboratory's own script
    if done.returncode:
        reason = f"{script.name} {verb} ended with {done.returncode}"
        raise OdooUnavailable(reason)
    return done.stdout


def _ensure_key_field(running: Odoo) -> None:
    """Add the field that carries our key to the tasks, as the connector's README tells an administrator to."""
    there = [["model", "=", "project.task"], ["name", "=", KEY_FIELD]]
    if running.call("ir.model.fields", "search_read", domain=there, fields=["id"]):
        return
    (model,) = running.call("ir.model", "search_read", domain=[["model", "=", "project.task"]], fields=["id"])
    field = {"name": KEY_FIELD, "field_description": "Tieline", "model_id": model["id"], "ttype": "char", "index": True}
    running.call("ir.model.fields", "create", vals_list=[field])
