"""What could not be put into the database, on disk until it can: sealed, synced before anybody is thanked, in the order it came.

Each process writes a file of its own and holds a lock on it; a file nobody holds is a dead process's, and whoever comes first
takes it. A frame is its length in four bytes and a sealed text, bound to its file. All of this blocks: call it in a thread.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from tieline.domain.errors import ConfigRefused, Overloaded
from tieline.security.secret_box import SecretBox

PLACE: Final = "spool"
SUFFIX: Final = ".spool"
ASIDE: Final = ".unreadable"
_LENGTH: Final = 4
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Own:
    """The file this process writes. Closing the descriptor gives the lock back."""

    path: Path
    descriptor: int


class Spool:
    """A folder of spooled texts, `most_bytes` in all. `new_name` returns names that sort by time."""

    def __init__(self, folder: Path, box: SecretBox, *, most_bytes: int, new_name: Callable[[], str]) -> None:
        self._folder = folder
        self._box = box
        self._most_bytes = most_bytes
        self._new_name = new_name
        self._own: _Own | None = None
        self._turn = threading.Lock()

    def append(self, texts: Sequence[str]) -> None:
        """Return once all of them are on disk. Raises: Overloaded: no room; then none of them is."""
        with self._turn:
            try:
                own = self._own = self._own or self._begin()
                frames = b"".join(self._frame(text, own.path) for text in texts)
                if self.size() + len(frames) > self._most_bytes:
                    raise Overloaded("the spool is full", code="spool_full")
                self._write(own, frames)
            except OSError as exc:
                raise Overloaded("the spool cannot be written", code="spool_full") from exc

    def size(self) -> int:
        """Return the bytes that wait, other processes' included."""
        total = 0
        for path in self._folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):  # Somebody has just emptied it.
                total += path.stat().st_size
        return total

    def files(self) -> list[Path]:
        """Return what waits, oldest first, and write into none of these any more."""
        self.close()
        return sorted(path for path in self._folder.glob(f"*{SUFFIX}"))

    def close(self) -> None:
        """Let go of the file this process writes."""
        with self._turn:
            if self._own is not None:
                os.close(self._own.descriptor)
                self._own = None

    @contextlib.contextmanager
    def claimed(self, path: Path) -> Iterator[list[str] | None]:
        """Lend a file's texts, and delete it if the block ends well; None: another process has it, or had."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            yield None
            return
        try:
            if not _locked(descriptor):
                yield None
                return
            texts = self._texts(path)
            yield texts
            if texts is not None:
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def _begin(self) -> _Own:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._new_name()}{SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        _locked(descriptor)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return _Own(path, descriptor)

    def _write(self, own: _Own, frames: bytes) -> None:
        """Write and sync; what was written in part is taken back, so that what follows it stays readable."""
        before = os.fstat(own.descriptor).st_size
        try:
            _write_all(own.descriptor, frames)
            os.fsync(own.descriptor)
        except OSError:
            os.ftruncate(own.descriptor, before)
            raise

    def _frame(self, text: str, path: Path) -> bytes:
        sealed = self._box.seal(text, connection=PLACE, field=path.name)
        return len(sealed).to_bytes(_LENGTH) + sealed

    def _texts(self, path: Path) -> list[str] | None:
        """Return what a file holds; None: its key is gone or it was altered, and it is laid aside for whoever can tell why."""
        try:
            return self._opened(path)
        except ConfigRefused as exc:
            log.error("spool.unreadable", file=path.name, code=exc.code)  # noqa: TRY400 - its traceback tells nothing more
            path.rename(path.with_suffix(ASIDE))
            return None

    def _opened(self, path: Path) -> list[str]:
        """Open every whole frame. What the file ends in without being whole was never acknowledged."""
        content, texts, at = path.read_bytes(), [], 0
        while len(content) - at >= _LENGTH:
            end = at + _LENGTH + int.from_bytes(content[at : at + _LENGTH])
            if end > len(content):
                break
            texts.append(self._box.unseal(content[at + _LENGTH : end], connection=PLACE, field=path.name))
            at = end
        return texts


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
