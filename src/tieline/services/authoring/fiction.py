"""One story for one recording: the same real value is always replaced by the same made-up one, whatever place it stands in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tieline.domain.errors import RequestRefused
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise
from tieline.services.authoring.fictional_numbers import Spelling, fictional, spelling

_IDEOGRAPH: Final = re.compile("[\u3400-\u9fff]")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LATIN_NAMES: Final = ("Alex Example", "Robin Sample", "Sam Instance", "Kim Specimen", "Chris Model")
CHINESE_NAMES: Final = ("张示例", "李样本", "王范例", "赵虚构", "陈假设")
ID_KIND: Final = 4
"""Characters of an id of letters and digits that may say what it is the id of."""
SHORTEST_INSIDE: Final = 4
"""Characters from which on a replaced value is looked for inside other texts; two where it is written in Chinese."""


@dataclass(slots=True)
class Fiction:
    """What stands for what. `line` tells how numbers without a country are read."""

    line: Line
    _known: dict[str, str] = field(default_factory=dict)
    _inside: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, Spelling | None] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def known(self, value: str) -> str | None:
        """Return what stands for a value that was replaced before."""
        return self._known.get(value)

    def declare(self, value: str, instead: str) -> None:
        """Let one text stand for another everywhere, inside longer texts too."""
        if value:
            self._known[value] = instead
            self._inside[value] = instead

    def of(self, kind: str, value: str) -> str:
        """Return what stands for a value of this kind, inventing it the first time."""
        if kind == "number":
            return self._number(value)
        if value not in self._known:
            made_up = MAKERS[kind](value, self._next(kind))
            self._known[value] = made_up
            if kind != "text" and len(value) >= (2 if _IDEOGRAPH.search(value) else SHORTEST_INSIDE):
                self._inside[value] = made_up
        return self._known[value]

    def phone(self, phone: PhoneNumber) -> str:
        """Return the fictional number that stands for a real one, in E.164."""
        found = self._spelling(phone)
        return found.instead.e164 if found else "+12025550199"

    def inside(self, text: str) -> str:
        """Return a text with everything replaced that is known so far, numbers in every spelling."""
        for number in self._numbers.values():
            text = number.put_into(text) if number else text
        for value in sorted(self._inside, key=len, reverse=True):
            text = text.replace(value, self._inside[value])
        return text

    def _number(self, value: str) -> str:
        try:
            phone = normalise(value, line=self.line)
        except RequestRefused:
            return "".join("0" if character.isdigit() else character for character in value)
        found = self._spelling(phone)
        return found.put_into(value) if found else "".join("0" if character.isdigit() else character for character in value)

    def _spelling(self, phone: PhoneNumber) -> Spelling | None:
        key = phone.digits
        if key not in self._numbers:
            self._numbers[key] = spelling(phone, fictional(self._next("number"), phone.country))
        return self._numbers[key]

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, -1) + 1
        return self._counts[kind]


def _name(value: str, count: int) -> str:
    names = CHINESE_NAMES if _IDEOGRAPH.search(value) else LATIN_NAMES
    again = f" {count // len(names) + 1}" if count >= len(names) else ""
    return names[count % len(names)] + again


def _id(value: str, count: int) -> str:
    """Keep length, shape and the first letters of a long one: a vendor's ids are told apart by them (`003…`, `cus_…`)."""
    if _UUID.fullmatch(value):
        return f"00000000-0000-4000-8000-{count + 1:012d}"
    if value.isdigit():
        return str(10 ** (len(value) - 1) + count)
    kind = value[:ID_KIND] if len(value) >= 3 * ID_KIND else ""
    shaped = kind + "".join(_shape(each) for each in value[len(kind) :])
    tail = str(count + 1)
    return shaped[: max(0, len(shaped) - len(tail))] + tail


def _shape(character: str) -> str:
    if character.isdigit():
        return "0"
    return character if not character.isalpha() else "a" if character.islower() else "A"


def _text(value: str, count: int) -> str:
    return f"编造的文字 {count + 1}" if _IDEOGRAPH.search(value) else f"made-up text {count + 1}"


MAKERS: Final[Mapping[str, Callable[[str, int], str]]] = {
    "name": _name,
    "company": lambda value, count: f"示例公司 {count + 1}" if _IDEOGRAPH.search(value) else f"Example Company {count + 1}",
    "email": lambda _value, count: f"person{count + 1}@example.com",
    "address": lambda value, count: f"示例路 {count + 1} 号" if _IDEOGRAPH.search(value) else f"{count + 1} Example Street",
    "ip": lambda _value, count: f"192.0.2.{count % 250 + 1}",
    "url": lambda _value, count: f"https://link.example/{count + 1}",
    "secret": lambda _value, count: f"dummy-secret-{count + 1}",
    "id": _id,
    "text": _text,
}
