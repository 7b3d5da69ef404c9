"""Write the bill of materials: every pinned package with version and hashes, as CycloneDX 1.6 JSON, the same for the same lock.

Run: `python deploy/sbom.py requirements.runtime.lock`. Source: https://cyclonedx.org/docs/1.6/json/ (read 2026-11-26).
"""

import json
import re
import sys
import tomllib
from pathlib import Path

PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> list[dict[str, object]]:
    """Return one component for each pinned package."""
    found = list(PINNED.finditer(lock))
    ends = [*(each.start() for each in found[1:]), len(lock)]
    return [component(each, lock[each.start() : end]) for each, end in zip(found, ends, strict=True)]


def component(pinned: re.Match[str], text: str) -> dict[str, object]:
    """Return a package as the bill lists it; its hashes are those of all files it may be installed from."""
    name, version = pinned["name"].lower().replace("_", "-"), pinned["version"]
    purl = f"pkg:pypi/{name}@{version}"
    files = [
        {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": each}]} for each in HASH.findall(text)
    ]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "externalReferences": files,
    }


def bill(lock: str, project: dict[str, str]) -> dict[str, object]:
    """Return the whole document."""
    parts = components(lock)
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    about = {"type": "application", "bom-ref": root, "name": project["name"], "version": project["version"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about},
        "components": parts,
        "dependencies": [{"ref": root, "dependsOn": [str(part["bom-ref"]) for part in parts]}],
    }


if __name__ == "__main__":
    with Path("pyproject.toml").open("rb") as file:
        described = tomllib.load(file)["project"]
    sys.stdout.write(json.dumps(bill(Path(sys.argv[1]).read_text(encoding="utf-8"), described), indent=1) + "\n")
