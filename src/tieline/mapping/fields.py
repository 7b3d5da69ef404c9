"""Which canonical fields exist, and what kind of value each holds: read off the domain models, never listed twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from tieline.domain.account import Account
from tieline.domain.contract import Contract
from tieline.domain.customer import Customer
from tieline.domain.invoice import Invoice
from tieline.domain.money import Money
from tieline.domain.order import Order
from tieline.domain.ticket import Ticket

ID_FIELD: Final = "id"


class FieldKind(StrEnum):
    """What a canonical field holds. A `word` is one of a fixed set; `texts` are several texts in order."""

    TEXT = "text"
    WORD = "word"
    INT = "int"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One field a row may be named after. `words` is empty unless the kind is `word`."""

    name: str
    kind: FieldKind
    adapter: TypeAdapter[Any]
    words: frozenset[str] = frozenset()


_BY_TYPE: Final[Mapping[object, FieldKind]] = {
    str: FieldKind.TEXT,
    int: FieldKind.INT,
    bool: FieldKind.BOOL,
    date: FieldKind.DATE,
    datetime: FieldKind.DATETIME,
    Money: FieldKind.MONEY,
    tuple[str, ...]: FieldKind.TEXTS,
}
_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "customer": Customer,
    "order": Order,
    "ticket": Ticket,
    "account": Account,
    "invoice": Invoice,
    "contract": Contract,
}
# What travels between two systems without being shown as a block has no model of its own.
_PASSED_ON: Final[Mapping[str, Mapping[str, object]]] = {
    "comment": {
        **dict.fromkeys(("ticket", "text", "author", "call_id"), str),
        **dict.fromkeys(("file_names", "file_urls", "file_types", "file_sizes"), tuple[str, ...]),
        "public": bool,
        "at": datetime,
    },
    "call": {
        **dict.fromkeys(("call_id", "direction", "from", "to", "line", "agent", "extension", "queue"), str),
        **dict.fromkeys(("customer", "ticket", "outcome", "disposition", "subject", "notes", "recording"), str),
        **dict.fromkeys(("started_at", "answered_at", "ended_at"), datetime),
        **dict.fromkeys(("wait_s", "talk_s", "duration_s"), int),
    },
    "agent": dict.fromkeys(("name", "email", "extension", "number", "state", "team", "role", "territory"), str),
    "feedback": {
        **dict.fromkeys(
            ("kind", "text", "channel", "call_id", "ticket", "customer", "agent", "phone", "sentiment", "summary"), str
        ),
        "score": int,
        "tags": tuple[str, ...],
        "causes": tuple[str, ...],
        "at": datetime,
    },
    "understanding": {"sentiment": str, "causes": tuple[str, ...]},
    "message": {
        **dict.fromkeys(("to", "channel", "text", "html", "subject", "template", "sender", "reference", "status", "reason"), str),
        "values": tuple[str, ...],
        "at": datetime,
    },
}


def _bare(annotation: object) -> object:
    """Take `None` out of an optional annotation."""
    if get_origin(annotation) not in {Union, UnionType}:
        return annotation
    members = [member for member in get_args(annotation) if member is not NoneType]
    return members[0] if len(members) == 1 else annotation


def _field(name: str, annotation: object) -> CanonicalField | None:
    """Describe one model field; None: no row can fill it (our own reference, nested objects)."""
    bare = _bare(annotation)
    adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", bare))
    if get_origin(bare) is Literal:
        return CanonicalField(name, FieldKind.WORD, adapter, frozenset(get_args(bare)))
    kind = _BY_TYPE.get(bare)
    return CanonicalField(name, kind, adapter) if kind else None


def _fields(annotations: Mapping[str, object]) -> Mapping[str, CanonicalField]:
    named = {ID_FIELD: str} | dict(annotations)
    return {name: field for name, annotation in named.items() if (field := _field(name, annotation))}


KINDS: Final[Mapping[str, Mapping[str, CanonicalField]]] = {
    **{kind: _fields({name: field.annotation for name, field in model.model_fields.items()}) for kind, model in _MODELS.items()},
    **{kind: _fields(annotations) for kind, annotations in _PASSED_ON.items()},
}
