"""An extension in any spelling is kept apart from the number (rule book 4.1 step 2, 4.5)."""

import pytest

from tieline.domain.line import Line
from tieline.domain.phone_normalise import equal, normalise

LINE = Line(number="+861065543800", name="Support", area_code="010")
BERLIN = Line(number="+493012345", name="Support", country="DE")


@pytest.mark.parametrize(
    "written",
    [
        "010-65543800x801",
        "010-65543800 X 801",
        "010-65543800 x.801",
        "010-65543800 ext 801",
        "010-65543800 ext. 801",
        "010-65543800 Ext:801",
        "010-65543800ext801",
        "010-65543800 extension 801",
        "010-65543800 (ext. 801)",
        "010-65543800#801",
        "010-65543800#801#",
        "010-65543800,801",
        "010-65543800,,801",
        "010-65543800p801",
        "010-65543800;ext=801",
        "tel:+86-10-6554-3800;ext=801",
        "tel:+86-10-6554-3800;postd=pp801",
        "sip:+861065543800;ext=801@gw",
        "010-65543800转801",
        "010-65543800 转 801",
        "010-65543800轉801",
        "010-65543800分机801",
        "010-65543800 分机号：801",
        "010-65543800转分机801",
        "010-65543800内线801",
        "０１０－６５５４３８００转８０１",
        "010-65543800-801",
        "(010)65543800-801",
        "010-6554-3800-801",
        "+86-10-65543800-801",
        "65543800-801",
    ],
)
def test_the_extension_is_its_own_field(written: str) -> None:
    phone = normalise(written, line=LINE)

    assert (phone.e164, phone.extension, phone.valid) == ("+861065543800", "801", True)


@pytest.mark.parametrize(
    ("written", "e164", "extension"),
    [
        pytest.param("400-800-1234-801", "+864008001234", "801", id="service number with a tail"),
        pytest.param("18412345678-1234", "+8618412345678", "1234", id="a shop platform's privacy number"),
        pytest.param("18412345678转1234", "+8618412345678", "1234", id="the same, said in Chinese"),
        pytest.param("+1 212 555 0123-45", "+12125550123", "45", id="north america"),
    ],
)
def test_a_tail_after_a_complete_number_is_an_extension(written: str, e164: str, extension: str) -> None:
    phone = normalise(written, line=LINE)

    assert (phone.e164, phone.extension) == (e164, extension)


def test_a_tail_that_completes_the_number_is_no_extension() -> None:
    assert normalise("138-0013-8000", line=LINE).extension is None
    assert normalise("010-6554-3800", line=LINE).extension is None
    assert normalise("030/1234-56", line=BERLIN).extension is None


def test_two_extensions_of_one_number_are_the_same_line() -> None:
    assert equal(normalise("010-65543800x801", line=LINE), normalise("+861065543800", line=LINE))
