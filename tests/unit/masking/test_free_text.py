"""Personal numbers inside notes and subjects are hidden in place; everything else is left alone."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tieline.domain import masking_text
from tieline.domain.masking import mask
from tieline.domain.masking_text import MOST_CHARACTERS

IN_PLACE = [
    ("请回电13800138000谢谢", "请回电138****8000谢谢"),
    ("请回电 138 0013 8000 谢谢", "请回电 138****8000 谢谢"),
    ("手机：138-0013-8000。", "手机：138****8000。"),
    ("手机1 3 8 0 0 1 3 8 0 0 0", "手机138****8000"),
    ("手机１３８００１３８０００", "手机138****8000"),
    ("手机一三八零零一三八零零零", "手机138****8000"),
    ("我的号是一三八〇〇一三八〇〇〇一起记", "我的号是138****8000一起记"),
    ("幺三八零零幺三八零零零", "138****8000"),
    ("Tel13800138000", "Tel138****8000"),
    ("call +86 138 0013 8000 now", "call +86 138****8000 now"),
    ("0086-13800138000", "+86 138****8000"),
    ("13800138000x12", "138****8000x12"),
    ("13800138000 13900139000", "138****8000 139****9000"),
    ("13800138000/13900139000", "138****8000/139****9000"),
    ("座机010-65543800转801", "座机010-****3800转801"),
    ("座机：(010)65543800", "座机：010-****3800"),
    ("座机：65543800", "座机：****3800"),
    ("Ring me at (212) 555-1234.", "Ring me at ******1234."),
    ("+44 20 7946 0123", "+44 ******0123"),
    ("身份证110101199003071234。", "身份证110101********1234。"),
    ("身份证11010119900307123x", "身份证110101********123X"),
    ("身份证 110101 19900307 1234", "身份证 110101********1234"),
    ("老证110101900307123", "老证110101******123"),
    ("卡号6222021234567890128", "卡号**** **** **** 0128"),
    ("卡号 6222 0212 3456 7890 128", "卡号 **** **** **** 0128"),
    ("visa 4111 1111 1111 1111", "visa **** **** **** 1111"),
    ("邮箱zhang.san@example.com，谢谢", "邮箱z***@example.com，谢谢"),
    ("微信号：zhangsan_88", "微信号：zh***8"),
    ("QQ:12345678", "QQ:12***8"),
    ("护照号E12345678", "护照号E*****678"),
    ("passport no. G87654321", "passport no. G*****321"),
    ("张三 13800138000 110101199003071234 z@q.cn", "张三 138****8000 110101********1234 *@q.cn"),
]

LEFT_ALONE = [
    "订单20261122001，金额1234.50元",
    "快递SF1234567890123已签收",
    "2026-11-22 10:00:00 来电",
    "2026年11月22日",
    "共12件，每件 199.00",
    "版本 10.0.19045.3570",
    "客户说一三五来，二四六休息",
    "工单 8841 转二线",
    "运单号 777 1234 5678 901",
    "UUID 550e8400-e29b-41d4-a716-446655440000",
    "4111 1111 1111 1112",
    "请尽快处理",
    "room 1206, floor 12",
    "@all 请注意",
    "",
]


@pytest.mark.parametrize(("note", "masked"), IN_PLACE)
def test_it_is_hidden_where_it_stands(note: str, masked: str) -> None:
    assert mask(note, "text") == masked


@pytest.mark.parametrize("note", LEFT_ALONE)
def test_what_names_nobody_is_left_alone(note: str) -> None:
    assert mask(note, "text") == note


def test_logs_get_no_free_text_at_all() -> None:
    assert mask("客户张三来电", "text", level="strict") == ""


def test_at_least_98_in_100_mobile_numbers_are_found_however_they_are_written() -> None:
    """The labelled set: 1 000 notes with one number each, in the spellings agents use."""
    chance = random.Random(20261122)  # noqa: S311 - a fixed set, not a secret
    found = sum(mobile[3:7] not in _digits(mask(note, "text")) for mobile, note in _notes(chance, 1000))

    assert found >= 980


def test_the_time_a_text_takes_is_bounded() -> None:
    for worst in ("1 " * 100_000, "一" * 200_000, "13800138000 " * 20_000, "a@" * 100_000, "(" * 200_000):
        started = time.process_time()
        assert len(mask(worst, "text")) <= MOST_CHARACTERS
        assert time.process_time() - started < 3


_NUMERALS = "零一二三四五六七八九"
_BEFORE = ("电话", "手机号：", "请联系 ", "回电", "客户称号码是", "", "tel ", "Mobile: ", "收件人李四，", "备注/")
_AFTER = ("", "。", "，下午打", " 谢谢", "转3", "(微信同号)", "/", " 王先生")


def _notes(chance: random.Random, count: int) -> list[tuple[str, str]]:
    notes = []
    for _ in range(count):
        mobile = f"1{chance.randint(3, 9)}{chance.randint(10**8, 10**9 - 1)}"
        notes.append((mobile, chance.choice(_BEFORE) + _spelled(mobile, chance.randrange(9)) + chance.choice(_AFTER)))
    return notes


def _spelled(mobile: str, way: int) -> str:
    three_four_four = (mobile[:3], mobile[3:7], mobile[7:])
    return (
        mobile,
        " ".join(three_four_four),
        "-".join(three_four_four),
        ".".join(three_four_four),
        " ".join(mobile),
        "".join(_NUMERALS[int(digit)] for digit in mobile),
        f"+86{mobile}",
        f"+86 {' '.join(three_four_four)}",
        "".join(chr(ord(digit) + 0xFEE0) for digit in mobile),
    )[way]


def _digits(text: str) -> str:
    return "".join(str(_NUMERALS.index(character)) if character in _NUMERALS else character for character in text)


@settings(max_examples=400)
@given(st.text(alphabet="@＠微信wWeEcChHaAtT0１五 -·()x张", max_size=24))
def test_the_quick_look_passes_over_nothing_that_is_worth_a_long_one(value: str) -> None:
    if masking_text._WORTH_A_LOOK.search(value):
        assert masking_text._MAY_BEGIN.search(value)
