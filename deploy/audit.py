"""Hold every pinned package against the known weaknesses, and say plainly when that could not be done.

Run: `make audit`, or `python deploy/audit.py requirements.lock`. Exit 0: none is known, or the service that knows them cannot be
reached, which is printed in capitals. Exit 1: at least one is known and not accepted in deploy/advisories.toml. Exit 2: the audit
itself failed. `--report FILE` judges what pip-audit said elsewhere. Format of its answer: pip-audit 2.10, `--format json`.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

LONGEST = timedelta(days=90)
AWAY = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|ServiceError|Max retries exceeded|Could not connect"
)
Report = Mapping[str, Any]


class AuditFailed(Exception):
    """The audit itself is at fault."""


class NotChecked(Exception):
    """Nobody could say."""


def asked(lock: str) -> Report:
    """Ask the service about every pin. Raises: NotChecked: it is away. AuditFailed."""
    options = [
        "--disable-pip",
        "--no-deps",
        "--format=json",
        "--progress-spinner=off",
        "--vulnerability-service=osv",
        "--timeout=15",
    ]
    command = [sys.executable, "-m", "pip_audit", f"--requirement={lock}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 - a fixed command
    if done.stdout.lstrip().startswith("{"):
        return json.loads(done.stdout)
    last = done.stderr.strip().splitlines()[-1][:300] if done.stderr.strip() else "it said nothing"
    if AWAY.search(done.stderr):
        raise NotChecked(f"the service that knows weaknesses cannot be reached ({last.partition(':')[0]})")
    raise AuditFailed(last)


def unaudited(report: Report) -> list[str]:
    """Return the packages nobody could say anything about."""
    return sorted(one["name"] for one in report["dependencies"] if "skip_reason" in one)


def findings(report: Report, accepted: Mapping[str, date], today: date) -> Iterator[str]:
    """Yield a line for each weakness that is not accepted today."""
    for one in report["dependencies"]:
        for weakness in one.get("vulns", ()):
            names = {weakness["id"], *weakness.get("aliases", ())}
            until = max(
                (accepted[f"{one['name']} {name}"] for name in names if f"{one['name']} {name}" in accepted), default=None
            )
            if until is not None and today <= until:
                continue
            mended = ", ".join(weakness.get("fix_versions", ())) or "no version yet"
            over = "" if until is None else f"; accepted until {until}, which is over"
            yield f"{one['name']} {one['version']}: {weakness['id']}, mended in {mended}{over}"


def read_accepted(text: str) -> dict[str, date]:
    """Return package and name of each accepted weakness, with its last day. Raises: AuditFailed: one without reason or end."""
    accepted: dict[str, date] = {}
    for one in tomllib.loads(text).get("accepted", ()):
        if not one.get("why") or not isinstance(one.get("since"), date) or not isinstance(one.get("until"), date):
            raise AuditFailed(f"{one.get('id')}: an accepted weakness says why, since and until")
        if one["until"] - one["since"] > LONGEST:
            raise AuditFailed(f"{one['id']}: accepted for longer than {LONGEST.days} days")
        accepted[f"{one['package'].lower()} {one['id']}"] = one["until"]
    return accepted


def audit(report: Report, accepted: Mapping[str, date], today: date) -> int:
    """Print what was found, and return the exit status. Raises: NotChecked: of some package nobody can say."""
    found = list(findings(report, accepted, today))
    for line in found:
        sys.stdout.write(line + "\n")
    if not found and (missing := unaudited(report)):
        raise NotChecked(f"{len(missing)} packages are unknown to the service, {missing[0]} among them")
    sys.stdout.write(f"{len(report['dependencies'])} packages, {len(found)} known weaknesses that are not accepted." + "\n")
    return 1 if found else 0


def main(arguments: Sequence[str]) -> int:
    """Run, by the words of the command line."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("lock", nargs="?", default="requirements.lock")
    words.add_argument("--accepted", type=Path, default=Path(__file__).with_name("advisories.toml"))
    words.add_argument("--report", type=Path, help="what pip-audit said elsewhere, as JSON")
    words.add_argument("--today", type=date.fromisoformat, default=datetime.now(tz=UTC).date())
    given = words.parse_args(arguments)
    try:
        accepted = read_accepted(given.accepted.read_text(encoding="utf-8"))
        report = json.loads(given.report.read_text(encoding="utf-8")) if given.report else asked(given.lock)
        return audit(report, accepted, given.today)
    except NotChecked as exc:
        sys.stdout.write(f"THE DEPENDENCIES WERE NOT CHECKED FOR KNOWN WEAKNESSES: {exc}." + "\n")
        return 0
    except AuditFailed as exc:
        sys.stdout.write(f"The audit failed: {exc}." + "\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
