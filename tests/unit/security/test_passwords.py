"""Passwords of local administrators, and the codes of their apps."""

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from argon2 import PasswordHasher, extract_parameters

from tieline.domain.errors import ConfigRefused
from tieline.security import one_time_codes, passwords

GOOD = "correct horse battery"
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_6238 = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
"""Appendix B, SHA-1; its codes have eight digits, of which six are the last six."""


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(("second", "code"), RFC_6238)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert one_time_codes.step_of(code, RFC_SECRET, now=at(second)) == second // 30


@pytest.mark.parametrize(("away_s", "step"), [(-60, None), (-30, 100), (0, 100), (30, 100), (60, None), (86_400, None)])
def test_two_clocks_may_differ_by_one_step(away_s: int, step: int | None) -> None:
    code = pyotp.HOTP(RFC_SECRET).at(100)
    assert one_time_codes.step_of(code, RFC_SECRET, now=at(3000 + away_s)) == step


@pytest.mark.parametrize("code", ["", "28708", "2870820", "abcdef", "28 7082", "٢٨٧٠٨٢", "\x00", "287082\n"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert one_time_codes.step_of(code, RFC_SECRET, now=at(59)) is None


def test_an_app_is_told_all_it_needs() -> None:
    secret = one_time_codes.new_secret()
    told = urlsplit(one_time_codes.address_of(secret, name="mei"))
    assert (told.scheme, told.netloc, told.path) == ("otpauth", "totp", "/Tieline:mei")
    assert parse_qs(told.query) == {"secret": [secret], "issuer": ["Tieline"]}, "SHA-1, 6 digits and 30 s are what apps assume"
    assert len(base64.b32decode(secret)) == 20
    assert secret != one_time_codes.new_secret()


def test_a_password_is_kept_as_argon2id_and_only_itself_fits() -> None:
    kept = passwords.digest(GOOD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert GOOD not in kept
    assert passwords.fits(GOOD, kept)
    assert not passwords.fits(f"{GOOD} ", kept)
    assert not passwords.fits(GOOD, "no digest")
    assert passwords.fits("ｃorrect horse battery", kept), "another keyboard, the same word"


def test_the_stand_in_costs_what_a_real_one_costs_and_fits_nothing() -> None:
    """Told by its parameters and by its running to the end: a time would be told by the load of the machine."""
    assert extract_parameters(passwords.STAND_IN) == extract_parameters(PasswordHasher().hash(GOOD))
    assert not passwords.fits(GOOD, passwords.STAND_IN)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "password_length"),
        ("x1y2z3" * 22, "password_length"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_weak"),
        ("12121212121212121212", "password_weak"),
        ("my name is Mei, you know", "password_weak"),
        ("Tieline administrator", "password_weak"),
    ],
)
def test_weak_passwords_are_not_taken(password: str, code: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        passwords.require_strong(password, name="mei")
    assert refused.value.code == code
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", [GOOD, "五十步笑百步而已矣何如曰不可直不百步耳", "x1y2z3" * 21])
def test_long_ones_are_taken_whatever_they_are_made_of(password: str) -> None:
    passwords.require_strong(password, name="mei")
