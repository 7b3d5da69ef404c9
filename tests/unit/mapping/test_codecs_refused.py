"""What may not stand under `as`: refused when the row is compiled."""

import pytest

from tieline.mapping.codecs.table import build_codec
from tieline.mapping.refusals import CodecRefused


@pytest.mark.parametrize(
    "codec",
    [
        "",
        "nonsense",
        "Trim",
        "trim()x",
        "trim(",
        "trim)",
        "trim | ",
        "trim(1)",
        "int | trim",
        "split",
        "split()",
        "epoch(m)",
        "clock(h:m)",
        "epoch",
        "money(1 2)",
        "money(CNY, x)",
        "money(CNY, 9)",
        "money(total.currency) | text",
        "money(total.currency) | first",
        "bool(Y)",
        "bool(Y, Y)",
        "phone",
        "phone(XX)",
        "phone(CN, pretty)",
        "time(%Y-%m-%d)",
        "time(%H:%M, UTC)",
        "time(%Y-%m-%d %Q, UTC)",
        "time(%Y%Y-%m-%d, UTC)",
        "time(%Y-%m-%d %I, UTC)",
        "time(%Y-%m-%d %, UTC)",
        "time(%Y-%m-%d, Mars/Olympus)",
        "time(%Y-%m-%d, ../../etc/passwd)",
        "iso(Nowhere)",
        "null_if",
        "typed(sap)",
        "each",
        "each(nonsense)",
        "each(money(a.b))",
        "at(",
        "at({{7*7}})",
        "trim" * 300,
        "each(" * 9 + "trim" + ")" * 9,
        'split(",)',
        "date(%Q)",
    ],
)
def test_a_codec_that_makes_no_sense_is_refused(codec: str) -> None:
    with pytest.raises(CodecRefused):
        build_codec(codec)
