"""What the commands share: a foreseen failure in one sentence, and inputs written key=value."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.markup import escape

from tieline.domain.errors import ConfigRefused, TielineError

FAILED: Final = 1


@contextmanager
def failures_told(out: Console) -> Iterator[None]:
    """Tell a foreseen failure, with its hint, and end with 1."""
    try:
        yield
    except TielineError as exc:
        told = f"{exc.detail}. {exc.hint}" if exc.hint else exc.detail
        out.print(f"[red]{escape(told)}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED) from exc


def pairs(written: Sequence[str]) -> dict[str, str]:
    """Return `key=value` arguments by key. Raises: ConfigRefused: not of this form, or a key twice."""
    by_key = dict(pair.split("=", 1) for pair in written if "=" in pair)
    if len(by_key) != len(written):
        raise ConfigRefused("inputs are written key=value, each key once, such as phone=+8613800138000")
    return by_key
