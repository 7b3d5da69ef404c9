"""Who is a child under fourteen: by a day of birth, else by a system's mark; and what that takes away."""

from datetime import date
from typing import Final

import pytest

from tieline.domain.children import child_until
from tieline.domain.customer import Customer
from tieline.domain.references import ExternalRef
from tieline.security.pseudonym import Pseudonyms
from tieline.services.privacy.children import AGREED, NOT_AGREED, Children
from tieline.store import consents

TODAY: Final = date(2026, 11, 26)
REF: Final = ExternalRef(connection="crm", kind="customer", id="1")
STAND_INS: Final = Pseudonyms(b"k" * 32)


def customer(born: date | None = None, *tags: str) -> Customer:
    return Customer(ref=REF, birth_date=born, tags=tags)


@pytest.mark.parametrize(
    ("born", "tags", "until"),
    [
        (date(2012, 11, 26), (), None),
        (date(2012, 11, 27), (), date(2026, 11, 27)),
        (date(2020, 2, 29), (), date(2034, 3, 1)),
        (date(1990, 1, 1), ("儿童",), None),
        (None, (" 未成年人 ",), date(2027, 11, 26)),
        (None, ("Under 14",), date(2027, 11, 26)),
        (None, ("VIP",), None),
        (None, (), None),
    ],
    ids=["14 today", "14 tomorrow", "a leap day", "a day of birth outweighs a tag", "a tag", "in capitals", "another", "nothing"],
)
def test_who_is_a_child(born: date | None, tags: tuple[str, ...], until: date | None) -> None:
    assert child_until(customer(born, *tags), today=TODAY) == until


def test_a_guardians_word_decides_which_view_and_silence_falls_back_on_what_was_said_before() -> None:
    children = Children(STAND_INS)
    child, adult = customer(date(2020, 1, 1)), customer(date(1990, 1, 1))
    look = {"refs": ("crm:1",), "number": "+8613800138000", "today": TODAY}
    assert children.narrowed([child], **look) == (NOT_AGREED,)  # type: ignore[arg-type] # the same three everywhere
    assert children.narrowed([adult], **look) == ()  # type: ignore[arg-type] # likewise
    assert children.narrowed([], **look) == ()  # type: ignore[arg-type] # likewise

    (token,) = children.tokens(REF)
    children.replace({token: date(2034, 1, 1)}, frozenset({STAND_INS.of(consents.KIND, "crm:1")}))
    assert children.knows(REF)
    assert children.narrowed([], **look) == (AGREED,)  # type: ignore[arg-type] # likewise
    children.replace({token: TODAY}, frozenset())
    assert children.narrowed([], **look) == (), "of age today"  # type: ignore[arg-type] # likewise
