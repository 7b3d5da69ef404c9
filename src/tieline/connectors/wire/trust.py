"""Whom a connection trusts, and who it says it is, where that is not what everybody does: a TLS context of its own."""

import ssl
import tempfile
from pathlib import Path
from typing import Final

import certifi

from tieline.domain.errors import VendorMisconfigured

_NO_PASSPHRASE: Final = ""
"""A key that is encrypted would otherwise be asked for on the terminal, for ever."""


def everybodys_tls() -> ssl.SSLContext:
    """Return a new context that trusts the authorities everybody trusts. It takes tens of milliseconds."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return _modern(context)


def tls_trusting(authority: str) -> ssl.SSLContext:
    """Return a context that trusts what this authority vouches for, and nobody else.

    Args: authority: its certificates in PEM. Raises: VendorMisconfigured: it is none.
    """
    try:
        return _modern(ssl.create_default_context(cadata=authority))
    except (ssl.SSLError, ValueError) as exc:
        raise VendorMisconfigured("the certificate of the authority is no PEM", code="upstream_tls") from exc


def tls_of_its_own(*, authority: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """Return a context for one connection. `certificate` and `key` are shown to a server that asks who we are.

    Args: all in PEM; the key without passphrase. Raises: VendorMisconfigured: something is not, or the two do not match.
    """
    context = tls_trusting(authority) if authority else everybodys_tls()
    if bool(certificate) != bool(key):
        raise VendorMisconfigured("a client certificate and its key belong together", code="upstream_tls")
    if certificate:
        _show(context, certificate, key)
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The library reads both from a file only: from one that nobody else can read, and that is gone at once."""
    with tempfile.TemporaryDirectory(prefix="tieline-") as folder:
        file = Path(folder) / "client.pem"
        file.write_text(f"{certificate.strip()}\n{key.strip()}\n", encoding="utf-8")
        try:
            context.load_cert_chain(file, password=lambda: _NO_PASSPHRASE)
        except (ssl.SSLError, ValueError) as exc:
            detail = "the client certificate and its key are no PEM, do not belong together, or the key has a passphrase"
            raise VendorMisconfigured(detail, code="upstream_tls") from exc


def _modern(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
