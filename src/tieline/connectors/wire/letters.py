"""One letter, written so that no name, subject or address can add a header or a receiver of its own (RFC 5322, RFC 2047).

Letters are ASCII on the wire, so every server takes them. Several receivers do not see one another: they are customers.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from hashlib import sha256
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tieline.domain.errors import VendorMisconfigured, VendorRejected

MOST_RECEIVERS: Final = 100
"""So many every server takes in one transaction (RFC 5321, 4.5.3.1.8)."""
_ADDRESS: Final = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
)
_LONGEST_LOCAL: Final = 64
_LONGEST_ADDRESS: Final = 254
_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LONGEST_KEY: Final = 100
_LINES_OF_THEIR_OWN: Final = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's kinds of characters that end a line, or might for somebody."""
_WORD_BEGINS: Final = "=?"
_LONGEST_PLAIN: Final = 60
_AS_WRITTEN: Final = policy.SMTP.clone(cte_type="7bit", refold_source="none")
"""The library must not read our headers again: it decodes what looks like an encoded word, ends of lines included."""


class Letter(BaseModel):
    """What a manifest sends under `json`. `key`: what the Message-ID is made of, the same at every attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_: Annotated[str, Field(alias="from")]
    name: str | None = None
    to: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_RECEIVERS)]
    reply_to: str | None = None
    subject: str
    text: str | None = None
    html: str | None = None
    key: str | None = None

    @property
    def sender(self) -> str:
        """The address it is from, as the envelope has it. Raises: VendorMisconfigured: it is none."""
        written = address_of(self.from_)
        if written is None:
            raise VendorMisconfigured("the sender is no e-mail address")
        return written


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver as it was given; `address` is how the envelope names it, None: that is no e-mail address."""

    given: str
    address: str | None


def letter_from(body: bytes | None) -> Letter:
    """Read what is to be sent. Raises: VendorRejected: it is no letter."""
    try:
        return Letter.model_validate_json(body or b"{}")
    except ValidationError as exc:
        detail = f"a letter has from, a subject, and 1 to {MOST_RECEIVERS} receivers in to"
        raise VendorRejected(detail, code="letter_malformed") from exc


def receivers_of(letter: Letter) -> list[Receiver]:
    """Return the receivers, each once."""
    return [Receiver(given, address_of(given)) for given in dict.fromkeys(each.strip() for each in letter.to)]


def address_of(text: str) -> str | None:
    """Return an address as the envelope names it, a domain of other scripts in its ASCII form; None: it is none.

    Quoted names, address literals and names outside ASCII (RFC 6531) are none to us.
    """
    local, _, domain = text.strip().rpartition("@")
    try:
        written = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None
    found = _ADDRESS.fullmatch(written)
    fits = found and len(found["local"]) <= _LONGEST_LOCAL and len(written) <= _LONGEST_ADDRESS
    return written if fits else None


def message_id(letter: Letter) -> str | None:
    """Return the Message-ID its key amounts to; None: it has no key, and the server gives it one."""
    if not letter.key:
        return None
    kept = _KEY.fullmatch(letter.key) and len(letter.key) <= _LONGEST_KEY
    left = letter.key if kept else sha256(letter.key.encode()).hexdigest()
    return f"<{left}@{letter.sender.rpartition('@')[2]}>"


def write(letter: Letter, receivers: Sequence[Receiver], *, at: datetime) -> bytes:
    """Return the letter's bytes, with CRLF. Raises: VendorRejected: a header would hold an end of line. VendorMisconfigured."""
    message = EmailMessage(_AS_WRITTEN)
    addresses = [each.address for each in receivers if each.address]
    headers = {
        "From": _sender(letter),
        "To": addresses[0] if len(addresses) == 1 else "undisclosed-recipients:;",
        "Reply-To": _reply_to(letter.reply_to) if letter.reply_to else None,
        "Subject": _words(_one_line(letter.subject), before="Subject: "),
        "Date": format_datetime(at),
        "Message-ID": message_id(letter),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office note answers it.
    }
    for name, value in headers.items():
        if value is not None:
            message.set_raw(name, value)
    message.set_content(letter.text or "", charset="utf-8")
    if letter.html and letter.text:
        message.add_alternative(letter.html, subtype="html", charset="utf-8")
    elif letter.html:
        message.set_content(letter.html, subtype="html", charset="utf-8")
    return message.as_bytes()


def _sender(letter: Letter) -> str:
    name, address = _one_line(letter.name or ""), letter.sender
    if not name:
        return address
    return f"{_words(name, before='From: ')} <{address}>" if _needs_words(name) else formataddr((name, address))


def _words(text: str, *, before: str) -> str:
    """Return a text as encoded words (RFC 2047), in lines, where it could not stand as it is.

    What looks like an encoded word is encoded once more: read as one, it could hold anything, the end of its header as well.
    """
    if not _needs_words(text):
        return text
    return Header(text, "utf-8", header_name=before.rstrip(": ")).encode(linesep="\r\n")


def _needs_words(text: str) -> bool:
    return not text.isascii() or _WORD_BEGINS in text or len(text) > _LONGEST_PLAIN


def _reply_to(text: str) -> str:
    written = address_of(text)
    if written is None:
        raise VendorMisconfigured("the address for answers is no e-mail address")
    return written


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) in _LINES_OF_THEIR_OWN for character in text):
        raise VendorRejected("a header of the letter would hold an end of line", code="header_forbidden")
    return text
