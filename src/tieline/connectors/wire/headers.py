"""What may stand in a header: printable ASCII, so that no value can break out of its line (behaviour B71)."""

from collections.abc import Mapping
from typing import Any, Final

from tieline.connectors.language.writing import as_text
from tieline.domain.errors import VendorMisconfigured

_CONTROLS: Final = frozenset(map(chr, range(0x20))) | {"\x7f"}


def header_values(headers: Mapping[str, Any]) -> dict[str, str]:
    """Write header values as text. Raises: VendorMisconfigured: a control character, or a letter outside ASCII."""
    written = {name: as_text(value) for name, value in headers.items() if value is not None}
    for name, value in written.items():
        if not _CONTROLS.isdisjoint(value) or not value.isascii():
            detail = f"the header {name} would hold a character that no header may hold"
            raise VendorMisconfigured(detail, code="header_forbidden")
    return written
