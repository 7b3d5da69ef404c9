"""The codecs a row may name, and how `as` becomes one of them."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Final

from tieline.kit.spelling import meant
from tieline.mapping.codecs import lists, nested, numbers, text, times
from tieline.mapping.codecs.codec import Codec, chain
from tieline.mapping.codecs.syntax import Call, parse_calls
from tieline.mapping.refusals import CodecRefused


def build_codec(written: str) -> Codec:
    """Compile what stands under `as`. Raises: CodecRefused: unknown, wrong arguments, or neighbours that do not fit."""
    return chain([_build(call) for call in parse_calls(written)])


def _each(inner: str) -> Codec:
    """`each(trim | lower)`: every item by itself."""
    return lists.each(build_codec(inner))


CODECS: Final[Mapping[str, Callable[..., Codec]]] = {
    "at": nested.at,
    "bool": numbers.boolean,
    "clock": numbers.clock,
    "const": text.const,
    "date": times.day,
    "decimal": numbers.decimal,
    "each": _each,
    "epoch": times.epoch,
    "first": lists.first,
    "int": numbers.integer,
    "iso": times.iso,
    "join": lists.join,
    "list": lists.listed,
    "lower": text.lower,
    "money": numbers.money,
    "null_if": text.null_if,
    "parse_json": nested.parse_json,
    "phone": text.phone,
    "rfc2822": times.rfc2822,
    "single": lists.single,
    "split": lists.split,
    "text": text.text,
    "time": times.time,
    "trim": text.trim,
    "typed": nested.typed,
    "upper": text.upper,
    "xml_text": text.xml_text,
}


def _build(call: Call) -> Codec:
    make = CODECS.get(call.name)
    if make is None:
        close = meant(call.name, CODECS) or f"; there are {', '.join(CODECS)}"
        raise CodecRefused(f"there is no codec of that name{close}")
    fewest, most = _argument_count(make)
    if not fewest <= len(call.arguments) <= most:
        raise CodecRefused(f"{call.name} takes {fewest if fewest == most else f'{fewest} to {most}'} argument(s)")
    return make(*call.arguments)


def _argument_count(make: Callable[..., Codec]) -> tuple[int, int]:
    parameters = signature(make).parameters.values()
    most = 20 if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters) else len(parameters)
    needed = [parameter for parameter in parameters if parameter.default is Parameter.empty]
    return sum(parameter.kind is not Parameter.VAR_POSITIONAL for parameter in needed), most
