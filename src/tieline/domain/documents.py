"""Models as documents: plain dicts, lists and texts, with instants and days left to whoever writes the JSON.

For what runs on every call. `model_dump(mode="json")` looks at every value of a tree again to see what it is; here the classes
say once which of their fields hold models, and everything else is taken over as it stands.
"""

from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel

from tieline.domain.money import Money

_SEVERAL: Final = (tuple, list)


def document_of(model: BaseModel) -> dict[str, Any]:
    """Return a model with everything in it as dicts; nobody may change what these hold."""
    document = model.__dict__.copy()
    for name in _nested(model.__class__):
        document[name] = _plain(document[name])
    return document


def filled_in(model: BaseModel) -> dict[str, Any]:
    """Return the fields of a flat model that are not None; money as its text and its currency."""
    found = {name: value for name, value in model.__dict__.items() if value is not None}
    for name in _amounts(model.__class__):
        if name in found:
            found[name] = {"amount": format(found[name].amount, "f"), "currency": found[name].currency}
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, BaseModel):
        return document_of(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, _SEVERAL) else value


@cache
def _nested(kind: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields that may hold models."""
    return tuple(name for name, field in kind.model_fields.items() if _holds(field.annotation, BaseModel))


@cache
def _amounts(kind: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, field in kind.model_fields.items() if _holds(field.annotation, Money))


def _holds(annotation: object, kind: type) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, kind)
    return any(_holds(each, kind) for each in get_args(annotation))
