"""Sealed contents: what is sealed is opened again, and whatever else comes meets one and the same refusal."""

import base64
import os
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from tieline.connectors.inbound.sealing import Seal, SealBroken, compile_seal
from tieline.connectors.manifest.inbound_reply import Sealing
from tieline.domain.errors import VendorMisconfigured

KEY43 = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SEALING: Mapping[str, str] = {
    "kind": "aes_cbc_receiver",
    "at": "envelope.encrypt",
    "key": "$config.key",
    "receiver": "$config.receiver",
}


def seal_of(receiver: str = "receiver-1", key: str = KEY43, form: str = "base64_43") -> Seal:
    sealing = Sealing.model_validate({**SEALING, "key_form": form})
    found = compile_seal(sealing, {"key": key, "receiver": receiver}, os.urandom)
    assert found is not None
    return found


def encrypted(plain: bytes) -> str:
    key = base64.b64decode(f"{KEY43}=")
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def padded(plain: bytes) -> bytes:
    filling = 32 - len(plain) % 32
    return plain + bytes([filling]) * filling


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_what_is_sealed_is_opened_again(text: str, receiver: str) -> None:
    assert seal_of(receiver).open(seal_of(receiver).seal(text)) == text.encode()


@given(st.text(max_size=200))
def test_nobody_else_opens_it(text: str) -> None:
    sealed = seal_of().seal(text)
    for other in (seal_of("receiver-2"), seal_of(key=KEY43[::-1])):
        with pytest.raises(SealBroken):
            other.open(sealed)


@given(st.binary(max_size=300))
def test_whatever_comes_meets_one_refusal(junk: bytes) -> None:
    for sealed in (junk.decode("latin-1"), base64.b64encode(junk).decode()):
        with pytest.raises(SealBroken) as caught:
            seal_of().open(sealed)
        assert str(caught.value) == ""


BROKEN = {
    "nothing": b"",
    "no padding": b"x" * 32,
    "a padding of 0": b"x" * 31 + b"\x00",
    "a padding beyond the block": b"x" * 31 + b"\x21",
    "an uneven padding": b"x" * 28 + b"\x04\x03\x04\x04",
    "an uneven padding around a sound text": b"r" * 16 + b"\x00\x00\x00\x03abc" + b"receiver-1" + b"\x1e" + b"\x1f" * 30,
    "nothing but padding": b"\x20" * 32,
    "too short for a length": padded(b"r" * 18),
    "a length beyond the end": padded(b"r" * 16 + b"\x00\x00\x00\xffabc" + b"receiver-1"),
    "an absurd length": padded(b"r" * 16 + b"\xff\xff\xff\xffabc" + b"receiver-1"),
    "another receiver": padded(b"r" * 16 + b"\x00\x00\x00\x03abc" + b"receiver-2"),
    "no receiver": padded(b"r" * 16 + b"\x00\x00\x00\x03abc"),
    "a receiver with a tail": padded(b"r" * 16 + b"\x00\x00\x00\x03abc" + b"receiver-1x"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_fault_looks_the_same(name: str) -> None:
    with pytest.raises(SealBroken) as caught:
        seal_of().open(encrypted(BROKEN[name]))
    assert str(caught.value) == ""


def test_a_plus_that_became_a_space_on_the_way_is_one_again() -> None:
    sealed = next(text for text in iter(lambda: seal_of().seal("hello"), "") if "+" in text)
    assert seal_of().open(sealed.replace("+", " ")) == b"hello"


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("demoSecret-2f9c0a1b2c3d4e5f60718293a4b5c6d7", "demoSecret2f9c0a1b2c3d4e5f60718293a4b5c6d70"),
        ("short", "short".ljust(43, "0")),
        ("a" * 60, "a" * 43),
    ],
)
def test_a_key_made_of_a_secret(secret: str, key: str) -> None:
    assert seal_of(key=secret, form="secret").open(seal_of(key=key).seal("x")) == b"x"


@pytest.mark.parametrize("key", ["short", "!" * 43, KEY43 + "x", KEY43[:-1]])
def test_what_cannot_be_a_key_is_told_when_the_connection_opens_without_showing_it(key: str) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        seal_of(key=key)
    assert key not in str(caught.value)


def test_without_a_key_nothing_is_sealed_and_without_a_receiver_nothing_can_be() -> None:
    sealing = Sealing.model_validate(SEALING)
    assert compile_seal(sealing, {"key": None, "receiver": "x"}, os.urandom) is None
    assert compile_seal(None, {}, os.urandom) is None
    with pytest.raises(VendorMisconfigured):
        compile_seal(sealing, {"key": KEY43, "receiver": None}, os.urandom)
