import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.security.api_keys import key_id_within, mint, read_key


def test_a_minted_key_is_read_back_and_fits_its_digest() -> None:
    text, kept = mint()
    presented = read_key(text)
    assert presented is not None
    assert (presented.id, presented.fits(kept.digest)) == (kept.id, True)


def test_a_key_has_256_random_bits_and_no_two_are_alike() -> None:
    secrets = {mint()[0].split("_", 2)[2] for _ in range(100)}
    assert {len(secret) for secret in secrets} == {43}
    assert len(secrets) == 100


def test_what_is_kept_does_not_give_the_key_away() -> None:
    text, kept = mint()
    secret = text.split("_", 2)[2]
    assert secret not in repr(kept)
    assert secret.encode() not in kept.digest


@pytest.mark.parametrize("change", [str.upper, lambda key: key[:-1], lambda key: key + "A", lambda key: " " + key])
def test_a_changed_key_is_no_key(change: "type[str]") -> None:
    text, kept = mint()
    presented = read_key(change(text))
    assert presented is None or not presented.fits(kept.digest)


def test_one_wrong_letter_does_not_fit() -> None:
    text, kept = mint()
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    presented = read_key(wrong)
    assert presented is not None
    assert not presented.fits(kept.digest)


@given(st.text(max_size=200))
def test_reading_any_text_never_raises(text: str) -> None:
    read_key(text)
    key_id_within(text)


def test_a_key_is_found_inside_an_address() -> None:
    text, kept = mint()
    assert key_id_within(f"phone=1&key={text}&x=1") == kept.id
    assert key_id_within("phone=%2B8613800138000&note=tl_is_no_key") is None


def test_the_shape_is_one_that_secret_scanners_can_be_taught() -> None:
    assert re.fullmatch(r"tl_[a-z2-7]{12}_[A-Za-z0-9_-]{43}", mint()[0])
