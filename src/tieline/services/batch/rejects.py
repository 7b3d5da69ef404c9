"""The rejects file: row, column and reason of what was left out; never what stood there. Made when the first row is rejected."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tieline.domain.errors import ConfigRefused
from tieline.services.batch.phone_rows import Reject
from tieline.services.batch.sheet import FAULTS

_HEADINGS: Final = b"row,column,fault,because\n"


class RejectsFile:
    """Readable by its owner only. Its length is part of the import's cursor, so that what is tried again is not told twice."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def require_ours(self) -> None:
        """Raise ConfigRefused if another file stands there: it would be written over."""
        if self.path.exists():
            with self.path.open("rb") as file:
                ours = file.read(len(_HEADINGS)) in {b"", _HEADINGS}
            if not ours:
                raise ConfigRefused("the rejects file would replace another file", hint="Name a new one with --rejects.")

    def write(self, rejects: Sequence[Reject], *, at: int) -> int:
        """Write what follows byte `at`, forgetting what stood beyond, and return where it ends now, in bytes."""
        if at == 0 and not rejects:
            self.path.unlink(missing_ok=True)
        if not rejects:
            return at
        at = min(at, self.path.stat().st_size) if self.path.exists() else 0
        told = (b"" if at else _HEADINGS) + _csv([_row(reject) for reject in rejects])
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:  # noqa: PTH123 - with a mode of its own
            file.truncate(at)
            file.seek(at)
            file.write(told)
            file.flush()
            os.fsync(file.fileno())
        return at + len(told)


def _row(reject: Reject) -> tuple[str, ...]:
    return (str(reject.row), reject.column, reject.fault, FAULTS[reject.fault])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
