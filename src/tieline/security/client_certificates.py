"""Certificates that machines show a front proxy of ours, which verifies them and passes them on in one header.

Two spellings are read: `:base64 of the DER:` (RFC 9440, 2.1: haproxy) and the percent-encoded PEM nginx writes. Read 2026-11-26.
What a certificate is known by here: `sha256:` and its fingerprint, `subject:` and its name (RFC 4514), or its SPIFFE ID.
"""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes

LONGEST_HEADER: Final = 8192
_PEM: Final = "-----BEGIN CERTIFICATE-----"
_IDENTITY: Final = re.compile(
    r"sha256:[0-9a-f]{64}|spiffe://[a-z0-9._-]{1,255}(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,100}){1,20}|subject:[^\x00-\x1f]{3,500}"
)
"""Source of the second: SPIFFE-ID, sections 2.1 to 2.3 (spiffe.io, read 2026-11-26)."""


class CertificateUnreadable(ValueError):
    """What the header holds is no certificate."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """One verified certificate. `identities`: everything it may be known by."""

    identities: frozenset[str]
    begins: datetime
    ends: datetime

    def is_of_now(self, now: datetime) -> bool:
        """Say whether it is in its time."""
        return self.begins <= now < self.ends


def read_certificate(header: str) -> ClientCertificate:
    """Read the header's value. Raises: CertificateUnreadable."""
    if len(header) > LONGEST_HEADER:
        raise CertificateUnreadable
    try:
        found = _parsed(header.strip())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value if _has_names(found) else None
        uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
        subject = found.subject.rfc4514_string()
    except (ValueError, binascii.Error) as exc:
        raise CertificateUnreadable from exc
    known = {f"sha256:{found.fingerprint(hashes.SHA256()).hex()}"}
    if subject:
        known.add(f"subject:{subject}")
    if len(uris) == 1 and uris[0].startswith("spiffe://"):  # an X.509-SVID holds exactly one
        known.add(uris[0])
    return ClientCertificate(frozenset(known), found.not_valid_before_utc, found.not_valid_after_utc)


def is_identity(text: str) -> bool:
    """Say whether a certificate can be known by this."""
    return _IDENTITY.fullmatch(text) is not None


def _parsed(written: str) -> x509.Certificate:
    if written.startswith(":") and written.endswith(":"):
        return x509.load_der_x509_certificate(b64decode(written[1:-1], validate=True))
    pem = unquote(written, errors="strict")
    if not pem.startswith(_PEM) or pem.count(_PEM) != 1:
        raise CertificateUnreadable
    return x509.load_pem_x509_certificate(pem.encode())


def _has_names(found: x509.Certificate) -> bool:
    return any(each.oid == x509.SubjectAlternativeName.oid for each in found.extensions)
