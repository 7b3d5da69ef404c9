"""A few thousand invented customers around the demo's own, the same for the same seed."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from tieline.sandbox import names, numbers
from tieline.sandbox.population import EVERYWHERE, Address, Person, Segment, System

FIRST_KEY = 100
_CITIES = (
    ("北京市", "北京", "朝阳区望京东园 3 区", "100102"),
    ("上海市", "上海", "徐汇区漕溪北路 88 弄", "200030"),
    ("广东省", "深圳", "南山区科技园南路 15 号", "518057"),
    ("广东省", "广州", "越秀区中山五路 33 号", "510030"),
    ("浙江省", "杭州", "西湖区文三路 478 号", "310013"),
    ("四川省", "成都", "武侯区天府大道 1199 号", "610041"),
    ("陕西省", "西安", "雁塔区科技路 25 号", "710075"),
    ("湖北省", "武汉", "洪山区珞喻路 152 号", "430079"),
    ("新疆维吾尔自治区", "喀什", "解放北路 20 号", "844000"),
    ("黑龙江省", "哈尔滨", "南岗区西大直街 92 号", "150001"),
)
_ABROAD = {
    "US": ("DC", "Washington", "Example Avenue NW", "20001", "en-US"),
    "GB": ("Greater London", "London", "Example Street", "EC1A 1AA", "en-GB"),
    "DE": ("Berlin", "Berlin", "Beispielstraße", "10115", "de-DE"),
    "FR": ("Île-de-France", "Paris", "rue de l'Exemple", "75001", "fr-FR"),
    "AU": ("VIC", "Melbourne", "Example Road", "3000", "en-AU"),
}
_SEGMENTS: tuple[Segment, ...] = ("regular", "high_value", "potential", "churn_risk")
_LABELS = ("老年用户", "学生", "企业采购", "微信下单", "海外直邮", "以旧换新", "易碎品", "新客", "复购三次以上")
_OWNERS = ("1001", "1002", "2001", None)
# Who knows a person: nearly everybody is in the CRM, two in three ever bought, one in three ever complained.
_KNOWN_TO: tuple[frozenset[System], ...] = (
    EVERYWHERE,
    frozenset(("crm", "erp")),
    frozenset(("crm", "erp")),
    frozenset(("crm",)),
    frozenset(("crm", "helpdesk")),
    frozenset(("erp",)),
)


def crowd(seed: int, *, size: int, now: datetime) -> Iterator[Person]:
    """Yield `size` people. Each depends on the seed and its own key only, so a larger crowd contains the smaller one."""
    for key in range(FIRST_KEY, FIRST_KEY + size):
        chance = Random(f"{seed}/{key}")
        draw = chance.random()
        if draw < 0.04:  # noqa: PLR2004 - 4 % are companies
            yield _company(chance, key, now)
        elif draw < 0.16:  # noqa: PLR2004 - a further 12 % live abroad
            yield _foreigner(chance, key, now)
        else:
            yield _citizen(chance, key, now)


def _joined(chance: Random, now: datetime) -> datetime:
    return now - timedelta(days=chance.randrange(20, 2500), seconds=chance.randrange(86_400))


def _address(chance: Random) -> Address:
    region, city, street, postal_code = chance.choice(_CITIES)
    flat = f"{street} {chance.randrange(1, 40)} 号楼 {chance.randrange(101, 2600)}"
    return Address("CN", region, city, flat, postal_code)


def _citizen(chance: Random, key: int, now: datetime) -> Person:
    sex: names.Sex = "F" if chance.random() < 0.5 else "M"  # noqa: PLR2004 - half and half
    born = date(1945, 1, 1) + timedelta(days=chance.randrange(365 * 60))
    mobile = numbers.chinese_mobile(key)
    return Person(
        key=key,
        name=names.chinese_name(chance, sex),
        phones=(numbers.spell_chinese(mobile, chance.randrange(1000)),),
        address=_address(chance),
        sex=sex,
        born_on=born,
        identity_card=identity_card(born, key, sex),
        email=f"user{key}@mail.example" if chance.random() < 0.7 else None,  # noqa: PLR2004 - 70 % left one
        wechat=f"wx_{key:05d}" if chance.random() < 0.6 else None,  # noqa: PLR2004 - 60 % left one
        segment=chance.choices(_SEGMENTS, (70, 12, 12, 6))[0],
        labels=tuple(chance.sample(_LABELS, chance.randrange(3))),
        owner=chance.choice(_OWNERS),
        do_not_call=chance.random() < 0.03,  # noqa: PLR2004 - 3 % asked not to be called
        joined_at=_joined(chance, now),
        known_to=chance.choice(_KNOWN_TO),
    )


def _foreigner(chance: Random, key: int, now: datetime) -> Person:
    country = chance.choice(tuple(_ABROAD))
    sex: names.Sex = "F" if chance.random() < 0.5 else "M"  # noqa: PLR2004 - half and half
    region, city, street, postal_code, locale = _ABROAD[country]
    return Person(
        key=key,
        name=names.foreign_name(chance, country, sex),
        phones=(numbers.spell_foreign(numbers.foreign_number(country, key), chance.randrange(1000)),),
        address=Address(country, region, city, f"{chance.randrange(1, 200)} {street}", postal_code),
        sex=sex,
        email=f"user{key}@mail.example",
        segment=chance.choices(_SEGMENTS, (70, 12, 12, 6))[0],
        labels=("海外直邮",),
        locale=locale,
        owner="2001",
        joined_at=_joined(chance, now),
        known_to=chance.choice(_KNOWN_TO),
    )


def _company(chance: Random, key: int, now: datetime) -> Person:
    address = _address(chance)
    return Person(
        key=key,
        name=names.company_name(chance, address.city),
        phones=(numbers.spell_chinese(numbers.chinese_mobile(key), chance.randrange(1000)),),
        address=address,
        organization=True,
        email=f"office{key}@mail.example",
        segment=chance.choices(_SEGMENTS, (40, 40, 15, 5))[0],
        labels=("企业客户",),
        owner=chance.choice(_OWNERS),
        joined_at=_joined(chance, now),
        known_to=chance.choice(_KNOWN_TO[:3]),
    )


def identity_card(born: date, key: int, sex: names.Sex) -> str:
    """Return eighteen characters with a right check digit (GB 11643-1999) and the region 990105, which no office ever issued."""
    order = key % 500 * 2 + (1 if sex == "M" else 0)
    body = f"990105{born:%Y%m%d}{order % 1000:03d}"
    weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "10X98765432"[weighted % 11]
