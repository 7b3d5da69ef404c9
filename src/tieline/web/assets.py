"""The files browsers load, under an address that changes whenever one of them does, so that they may be kept for ever."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Request
from starlette.responses import Response

from tieline.web import phrases

FOLDER: Final = Path(__file__).parent / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
"""A file of any other kind is not served."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and compressed."""

    media_type: str
    plain: bytes
    packed: bytes

    @classmethod
    def of(cls, name: str, content: bytes) -> "Asset":
        """Make the asset of a file. Raises: KeyError: a kind of file that is not served."""
        return cls(MEDIA_TYPES[Path(name).suffix], content, gzip.compress(content, 9, mtime=0))


class Assets:
    """Every file of the folder, held in memory. `version` is drawn from all names and contents.

    One version for the whole folder, rather than one per file, lets script modules import one another by plain names.
    """

    def __init__(self, files: Mapping[str, Asset]) -> None:
        self._files = files
        digest = hashlib.sha256()
        for name, asset in sorted(files.items()):
            digest.update(name.encode() + b"\0" + hashlib.sha256(asset.plain).digest())
        self.version = digest.hexdigest()[:16]

    @classmethod
    def read(cls, made: Mapping[str, bytes], folder: Path = FOLDER) -> "Assets":
        """Read a folder, and add the files `made` by the program, by name."""
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in MEDIA_TYPES and path.is_file()]
        contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        return cls({name: Asset.of(name, content) for name, content in {**contents, **made}.items()})

    def address(self, name: str) -> str:
        """Return where browsers find a file. Raises: KeyError: there is none of this name."""
        self._files[name]
        return f"/static/{self.version}/{name}"

    def modules(self, *folders: str) -> list[str]:
        """Return the script modules in these folders, for browsers to fetch before they are asked for."""
        return [name for name in self._files if name.endswith(".js") and name.partition("/")[0] in folders]

    def answer(self, request: Request, version: str, name: str) -> Response:
        """Answer with a file; under an older address with the present one, not to be kept, so that replicas half updated work."""
        asset = self._files.get(name)
        if asset is None:
            return Response(status_code=404)
        headers = {"Cache-Control": FOR_EVER if version == self.version else ASK_EACH_TIME, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.plain, media_type=asset.media_type, headers=headers)
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})

    def text(self, name: str) -> str:
        """Return a file's text."""
        return self._files[name].plain.decode()


@cache
def assets() -> Assets:
    """Return the files of this release, read once."""
    return Assets.read({phrases.FILE: phrases.phrase_file()})
