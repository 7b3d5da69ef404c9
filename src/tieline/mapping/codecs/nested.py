"""Codecs for values wrapped in another notation: JSON inside a text, a part of an object, objects that name their type."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.exact import exact_decimal, exact_text
from tieline.mapping.paths import compile_path, put, writable
from tieline.mapping.refusals import CodecRefused, ExpressionRefused, Unreadable

_LONGEST_JSON: Final = 262_144
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ODATA_DATE: Final = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{1,4})?\)/")


def parse_json() -> Codec:
    """`parse_json`: a text that holds JSON, up to 256 KiB; its decimals stay exact. Written as JSON text."""

    def read(value: object) -> Any:  # noqa: ANN401 - whatever the text holds
        if not isinstance(value, str) or len(value) > _LONGEST_JSON:
            raise Unreadable("not a JSON text of reasonable length")
        try:
            return json.loads(value, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as exc:
            raise Unreadable("not JSON") from exc

    def write(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=exact_text)

    return Codec(read, write, takes=frozenset({Shape.TEXT}))


def at(path_text: str) -> Codec:
    """`at(a.b[0])`: what stands at that path of the value, after `parse_json` for one; written as an object around it."""
    try:
        path = compile_path(path_text)
    except ExpressionRefused as exc:
        raise CodecRefused("at takes a path") from exc
    steps = path.steps

    def read(value: object) -> Any:  # noqa: ANN401 - whatever stands there
        if not isinstance(value, dict | list):
            raise Unreadable("neither an object nor a list")
        return path.find(value)  # type: ignore[arg-type]  # every finder looks before it takes

    def write(value: object) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        put(tree, steps or (), value)
        return tree

    return Codec(read, write if steps and writable(steps) else None)


def typed(dialect: str = "") -> Codec:
    """`typed`: values that name their type, from either dialect below; plain ones pass. Reads only unless a dialect is named.

    `typed(tryton)`: `{"__class__": "Decimal" | "date" | "datetime", …}`, as JSON-RPC of trytond 8.0 sends them; a datetime is in
    UTC without saying so. `typed(odata)`: `/Date(1767312000000)/`, as OData V2 sends them: milliseconds since 1970 in UTC, an
    offset behind them only tells where they were made. A day is midnight in UTC.
    """
    writers: Mapping[str, Callable[[Any], Any] | None] = {"": None, "tryton": _to_tryton, "odata": _to_odata}
    if dialect not in writers:
        raise CodecRefused("typed knows tryton and odata")
    return Codec(_read_typed, writers[dialect])


def _read_typed(value: object) -> Any:  # noqa: ANN401 - a date, an instant, a number, or what it was
    match value:
        case dict() if isinstance(name := value.get("__class__"), str):
            return _from_tryton(name, {key: part for key, part in value.items() if key != "__class__"})
        case str() if found := _ODATA_DATE.fullmatch(value):
            return _instant(int(found[1]))
        case _:
            return value


def _from_tryton(name: str, parts: Mapping[str, Any]) -> Decimal | date | datetime:
    try:
        match name:
            case "Decimal":
                number = exact_decimal(Decimal(str(parts.get("decimal"))))
                return _refuse_number() if number is None else number
            case "date":
                return date(**parts)
            case "datetime":
                return datetime(**parts, tzinfo=UTC)
            case _:
                raise Unreadable("an object of a type that is not read")
    except (TypeError, ValueError, InvalidOperation) as exc:
        raise Unreadable("a typed object that does not hold what its type says") from exc


def _to_tryton(value: object) -> object:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": exact_text(value)}
        case datetime():
            utc = value.astimezone(UTC)
            day = {"year": utc.year, "month": utc.month, "day": utc.day}
            time = {"hour": utc.hour, "minute": utc.minute, "second": utc.second, "microsecond": utc.microsecond}
            return {"__class__": "datetime", **day, **time}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case _:
            return value


def _to_odata(value: object) -> object:
    match value:
        case datetime():
            return f"/Date({(value - _EPOCH) // timedelta(milliseconds=1)})/"
        case date():
            return _to_odata(datetime(value.year, value.month, value.day, tzinfo=UTC))
        case _:
            return value


def _instant(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as exc:
        raise Unreadable("out of range") from exc


def _refuse_number() -> Decimal:
    raise Unreadable("not a plain number")


def _refuse_constant(_: str) -> None:
    raise ValueError("JSON has no NaN and no Infinity")
