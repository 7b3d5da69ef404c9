"""Ports for servers that a test starts: free, and not given to anybody else until they listen."""

import itertools
import os
import socket
from typing import Final

_LOWEST, _HIGHEST = 18_000, 32_000
"""Below those that Linux gives to whoever asks for any (from 32768), so that no connection made meanwhile takes one."""
_PROCESSES: Final = 14
_EACH: Final = (_HIGHEST - _LOWEST) // _PROCESSES
_own: Final = _LOWEST + _EACH * (int("0" + os.environ.get("PYTEST_XDIST_WORKER", "")[2:]) % _PROCESSES)
_begun: Final = os.getpid() % _EACH
"""Each process of a run has ports of its own, and two runs at once begin at different ones."""
_places: Final = itertools.count(_begun)


def free_port() -> int:
    """Return a port nobody listens on, and not the same one again soon."""
    while True:
        port = _own + next(_places) % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
