"""Where an administrator keeps a secret: `env:NAME`, `file:PATH`, or, on a machine of one's own, `plain:…`."""

import os
from pathlib import Path

from tieline.domain.errors import ConfigRefused


def resolve(word: str, *, where: str, folder: Path, plain_allowed: bool) -> str:
    """Return the secret a word points to; a relative path counts from `folder`.

    Raises: ConfigRefused: the variable or file is missing or empty, or plain secrets are not taken here.
    """
    kind, _, rest = word.partition(":")
    match kind:
        case "env":
            secret = os.environ.get(rest, "")
            missing = f"the environment variable {rest} is not set"
        case "file":
            secret = _read(folder / Path(rest), where)
            missing = f"the file {rest} is empty"
        case _:
            if not plain_allowed:
                raise ConfigRefused("plain: secrets are taken only with the embedded database", where=where, code="secret_plain")
            secret, missing = rest, "the secret is empty"
    if not secret:
        raise ConfigRefused(missing, where=where, code="secret_missing")
    return secret


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigRefused("the secret's file cannot be read", where=where, code="secret_missing") from exc
