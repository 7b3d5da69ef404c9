"""Read a WSDL file and the schemas beside it, from the connector's folder alone: no network, no document types, bounded in size.

What an import names by a remote address is looked for in the folder under the last part of that address.
"""

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from tieline.connectors.answers.xml_tree import XmlRefused, xml_to_tree
from tieline.domain.errors import VendorMisconfigured

MOST_BYTES: Final = 4_194_304
"""Of one file."""
MOST_FILES: Final = 60
_SUFFIXES: Final = ("", ".xsd", ".wsdl")


def stamps_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes whenever a WSDL or schema of the folder is written, appears or goes."""
    files = sorted(file for file in folder.iterdir() if file.suffix in {".wsdl", ".xsd"}) if folder.is_dir() else []
    told = ((file.name, file.stat()) for file in files)
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in told)


def operation_of(wsdl: str, operation: str, port: str | None) -> Any:  # noqa: ANN401 - zeep's own
    """Return the operation as zeep knows it. Raises: VendorMisconfigured: no such operation or port, or the file is unsound."""
    bindings = _bindings(wsdl, stamps_of(Path(wsdl).parent))
    offered = [each for name, each in bindings.items() if port in {None, name} and operation in each]
    if not offered:
        detail = f"{Path(wsdl).name} offers no operation {operation}{f' on a port {port}' if port else ''} over SOAP"
        raise VendorMisconfigured(detail, code="wsdl_invalid")
    return offered[0][operation]


@functools.lru_cache(maxsize=32)
def _bindings(wsdl: str, _stamps: object) -> dict[str, dict[str, Any]]:
    """Return the SOAP operations of each port, in the file's order. A fifth of a second: once for each state of the files."""
    if find_spec("zeep") is None:
        detail = "this connector needs the extra `soap`: pip install 'tieline[soap]'"
        raise VendorMisconfigured(detail, code="extra_missing")
    import zeep.exceptions  # noqa: PLC0415 - an extra, and heavy
    from zeep.settings import Settings  # noqa: PLC0415 - likewise
    from zeep.wsdl import Document  # noqa: PLC0415 - likewise
    from zeep.wsdl.bindings.soap import SoapBinding  # noqa: PLC0415 - likewise

    settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, xml_huge_tree=False, force_https=False)
    try:
        document = Document(wsdl, cast("Any", _Folder(Path(wsdl).parent)), settings=settings)
    except (zeep.exceptions.Error, XmlRefused, LookupError, ValueError, TypeError, AttributeError) as exc:
        detail = f"{Path(wsdl).name} cannot be read as WSDL"
        raise VendorMisconfigured(detail, code="wsdl_invalid") from exc
    ports = ((name, port.binding) for service in document.services.values() for name, port in service.ports.items())
    return {name: dict(cast("Any", binding).all()) for name, binding in ports if isinstance(binding, SoapBinding)}


class _Folder:
    """What zeep loads documents through."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._read = 0

    def load(self, address: str) -> bytes:
        """Return a file of the folder. Raises: VendorMisconfigured: it does not lie there, is too large, or too many are."""
        self._read += 1
        file = self._file(address)
        if file is None or self._read > MOST_FILES:
            detail = "an import of the WSDL names a file that does not lie in the connector's folder"
            raise VendorMisconfigured(detail, code="wsdl_invalid", hint="Put the file beside the WSDL; nothing is fetched.")
        if file.stat().st_size > MOST_BYTES:
            raise VendorMisconfigured("a file of the WSDL is too large", code="wsdl_invalid")
        content = file.read_bytes()
        xml_to_tree(content)
        return content

    def _file(self, address: str) -> Path | None:
        place = urlsplit(address)
        remote = place.scheme in {"http", "https"}
        named = Path(unquote(place.path)).name if remote else Path(unquote(place.path) if place.scheme == "file" else address)
        for suffix in _SUFFIXES:
            file = (self._folder / f"{named}{suffix}").resolve()
            if file.is_file() and file.is_relative_to(self._folder.resolve()):
                return file
        return None
