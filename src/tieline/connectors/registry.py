"""Find connectors: folders of data in the packaged catalog, and anywhere an administrator points to."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from tieline.connectors.manifest.load import FILE_NAME, load_manifest
from tieline.connectors.manifest.schema import Manifest
from tieline.domain.errors import ManifestInvalid
from tieline.kit.spelling import meant

PACKAGED_CATALOG: Final = Path(__file__).parent.parent / "catalog"
DESCRIBED: Final = frozenset({".wsdl", ".xsd"})
"""Files beside the manifest that a connection is opened from."""
Stamp = tuple[int, int]
"""When a file was written last, in ns since 1970, and its length in bytes."""


class Connector:
    """One folder. The manifest is read when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"<Connector {self.folder.name}>"

    @cached_property
    def manifest(self) -> Manifest:
        """Read and check connector.yaml. Raises: ManifestInvalid: with file and line of every fault."""
        return load_manifest(self.folder / FILE_NAME)

    @property
    def mapping_file(self) -> Path:
        """Where the field mapping lies."""
        return self.folder / "mapping.yaml"

    @property
    def stamps(self) -> tuple[Stamp | None, ...]:
        """Return what changes whenever a file that a connection is opened from is written, appears or goes."""
        described = sorted(file for file in self.folder.glob("*") if file.suffix in DESCRIBED)
        return tuple(_stamp(file) for file in (self.folder / FILE_NAME, self.mapping_file, *described))

    @property
    def examples(self) -> tuple[Path, ...]:
        """Return the recorded examples, by name."""
        return tuple(sorted((self.folder / "examples").glob("*.yaml")))


class Catalog:
    """All connectors that can be named. `roots` are searched in order; the first folder of a name is used."""

    def __init__(self, roots: Sequence[Path] = (PACKAGED_CATALOG,)) -> None:
        self._roots = tuple(roots)
        self._found: dict[Path, tuple[Stamp | None, Connector]] = {}

    def find(self, id_or_path: str, *, relative_to: Path | None = None) -> Connector:
        """Return a connector by id, or by the path of its folder (`./my_folder`, relative to the file that names it).

        Raises: ManifestInvalid: there is none, or its manifest has faults.
        """
        folder = self._folder(id_or_path, relative_to)
        connector = self._read_anew_if_changed(folder)
        _ = connector.manifest
        return connector

    def list(self) -> tuple[Connector, ...]:
        """Return every connector of the roots by id, without reading their manifests."""
        by_name: dict[str, Path] = {}
        for root in self._roots:
            for manifest in sorted(root.glob(f"*/{FILE_NAME}")):
                by_name.setdefault(manifest.parent.name, manifest.parent)
        return tuple(self._read_anew_if_changed(folder) for _, folder in sorted(by_name.items()))

    def _read_anew_if_changed(self, folder: Path) -> Connector:
        """An administrator edits a folder while the server runs; what was read before must not stay."""
        stamp = _stamp(folder / FILE_NAME)
        if folder not in self._found or self._found[folder][0] != stamp:
            self._found[folder] = (stamp, Connector(folder))
        return self._found[folder][1]

    def _folder(self, id_or_path: str, relative_to: Path | None) -> Path:
        if "/" in id_or_path or "\\" in id_or_path or id_or_path.startswith("."):
            folder = ((relative_to or Path.cwd()) / id_or_path).resolve()
            if not (folder / FILE_NAME).is_file():
                detail = f"there is no {FILE_NAME} in {id_or_path}"
                raise ManifestInvalid(detail)
            return folder
        for root in self._roots:
            if (root / id_or_path / FILE_NAME).is_file():
                return (root / id_or_path).resolve()
        known = [connector.folder.name for connector in self.list()]
        close = meant(id_or_path, known) or f"; there are {', '.join(known) or 'none'}"
        detail = f"there is no connector {id_or_path[:60]!r} in the catalog{close}"
        raise ManifestInvalid(detail)


def _stamp(file: Path) -> Stamp | None:
    """Return the stamp of a file as it is now; None: there is none."""
    try:
        written = file.stat()
    except OSError:
        return None
    return written.st_mtime_ns, written.st_size
