"""Names as they really occur: compound surnames, a dot in the middle, characters beyond the basic plane, Latin letters."""

from random import Random
from typing import Literal

Sex = Literal["F", "M"]

# The hundred-families order of frequency, roughly: the first ones cover most callers.
SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
COMPOUND_SURNAMES = ("欧阳", "上官", "司马", "诸葛", "慕容", "令狐", "皇甫", "尉迟", "公孙", "夏侯", "司徒", "端木")
GIVEN: dict[Sex, tuple[str, ...]] = {
    "F": (
        "芳", "娜", "敏", "静", "秀英", "丽华", "桂兰", "雅文", "欣怡", "梓涵", "诗琪", "晓燕", "玉珍", "淑芬", "佳宁", "思源",
        "若曦", "婉婷", "梦洁", "海燕", "春梅", "雪", "颖", "琳",
    ),
    "M": (
        "伟", "强", "磊", "军", "洋", "志强", "建国", "浩然", "子轩", "宇航", "文博", "国栋", "永康", "明辉", "俊杰", "天佑",
        "家豪", "振华", "大勇", "海涛", "一鸣", "斌", "鹏", "凯",
    ),
}  # fmt: skip
DOTTED: dict[Sex, tuple[str, ...]] = {
    "F": ("古丽娜尔·阿不都热依木", "迪丽努尔·艾力", "阿依古丽·买买提", "热依汗·吐尔逊", "卓玛·央金", "娜仁·其木格"),
    "M": ("阿卜杜拉·买买提", "艾尼瓦尔·玉素甫", "吐尔逊江·卡德尔", "木合塔尔·依明", "扎西·多吉", "巴特尔·孟和"),
}
# Characters outside what old code pages hold: they break systems that count bytes, so a few callers carry one.
RARE: dict[Sex, tuple[str, ...]] = {"F": ("龚㛃", "柳沄", "𠮷田美穗"), "M": ("赵䶮", "王喆𬭎", "周𬱖")}
LATIN: dict[str, dict[Sex, tuple[str, ...]]] = {
    "US": {"F": ("Emily Carter", "Aaliyah Brooks", "María Fernández"), "M": ("James O'Neill", "Marcus Lee", "Jean-Luc Dubois")},
    "GB": {"F": ("Olivia Whitfield", "Siobhán Kelly", "Priya Nair"), "M": ("Harry Ashworth", "Owain Llewellyn", "Tom St. John")},
    "DE": {"F": ("Anna Müller", "Käthe Groß", "Jana Weiß"), "M": ("Jürgen Schröder", "Björn Vogel", "Karl-Heinz Krüger")},
    "FR": {"F": ("Zoé Lefèvre", "Chloé D'Angelo", "Inès Garçon"), "M": ("Rémi Faure", "François Noël", "Loïc Le Gall")},
    "AU": {"F": ("Nguyễn Thị Hoa", "Matilda Reid", "Łucja Nowak"), "M": ("Jack Thompson", "Søren Madsen", "Davide Rossi")},
}
_COMPANY_STEMS = ("青竹", "云帆", "恒信", "东海", "瑞丰", "星河", "长风", "金桥", "明德", "远景", "百川", "天工")
_COMPANY_TRADES = ("科技有限公司", "贸易有限公司", "物流有限公司", "餐饮管理有限公司", "医疗器械有限公司", "文化传媒有限公司")


def chinese_name(chance: Random, sex: Sex) -> str:
    """Return a name a Chinese citizen may carry: 1 in 20 with two surname characters, 1 in 25 dotted, 1 in 200 rare."""
    draw = chance.random()
    if draw < 0.005:  # noqa: PLR2004 - the shares are told in the docstring
        return chance.choice(RARE[sex])
    if draw < 0.045:  # noqa: PLR2004 - likewise
        return chance.choice(DOTTED[sex])
    if draw < 0.095:  # noqa: PLR2004 - likewise
        return chance.choice(COMPOUND_SURNAMES) + chance.choice(GIVEN[sex])
    # Squaring the draw leans towards the front of the list, as surnames do.
    surname = SURNAMES[int(len(SURNAMES) * chance.random() ** 2)]
    return surname + chance.choice(GIVEN[sex])


def foreign_name(chance: Random, country: str, sex: Sex) -> str:
    """Return a name in Latin letters as people in `country` carry it; `country` is a key of `LATIN`."""
    return chance.choice(LATIN[country][sex])


def company_name(chance: Random, city: str) -> str:
    """Return the registered name of a company of that city."""
    return city + chance.choice(_COMPANY_STEMS) + chance.choice(_COMPANY_TRADES)
