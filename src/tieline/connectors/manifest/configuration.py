"""Check what an administrator filled in against the manifest's form, and give every value its type."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tieline.connectors.language.references import Reference, references
from tieline.connectors.manifest.schema import ConfigField, Manifest
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.spelling import meant

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}


def settle(manifest: Manifest, config: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return every field's value by name, defaults filled in; a field left empty is None.

    Raises: VendorMisconfigured: all faults in one text, which names fields and never their values.
    """
    faults = list(_faults(manifest, config, secrets))
    if faults:
        raise VendorMisconfigured("; ".join(faults), code=_code(faults))
    given = {**config, **secrets}
    return {name: _typed(field, given.get(name)) for name, field in manifest.config.items()}


def _code(faults: Sequence[str]) -> str | None:
    if any("secret" in fault for fault in faults):
        return "secret_missing"
    return "url_forbidden" if all(fault.endswith(_EXPECTED["url"]) for fault in faults) else None


def open_settings(manifest: Manifest, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are no secrets as filled in or by default, unchecked: what a mapping may depend on."""
    return {name: config.get(name, field.default) for name, field in manifest.config.items() if not field.secret}


def may_stay_empty(manifest: Manifest, *trees: object) -> bool:
    """Say whether no secret that the trees refer to is required: what rests on them may then be left out of the form."""
    found = (each for _, each in references(trees) if isinstance(each, Reference) and each.root == "config" and each.steps)
    return not any(manifest.config[each.steps[0]].required for each in found if each.steps[0] in manifest.secrets)


def _faults(manifest: Manifest, config: Mapping[str, Any], secrets: Mapping[str, str]) -> Iterator[str]:
    yield from _misplaced(manifest, config, secrets)
    for name, field in manifest.config.items():
        value = (secrets if field.secret else config).get(name)
        if _empty(value) and field.default is None:
            if field.required:
                yield f"the {'secret' if field.secret else 'field'} {name} is missing or empty"
        elif not _empty(value):
            yield from _type_fault(name, field, value)


def _misplaced(manifest: Manifest, config: Mapping[str, Any], secrets: Mapping[str, str]) -> Iterator[str]:
    for given, secret in ((config, False), (secrets, True)):
        for name in given:
            field = manifest.config.get(name)
            if field is None:
                yield f"there is no field {name[:60]!r}{meant(name, manifest.config)}"
            elif field.secret is not secret:
                yield f"{name} belongs under {'secrets' if field.secret else 'config'}"


def _type_fault(name: str, field: ConfigField, value: object) -> Iterator[str]:
    try:
        _TYPES[field.type](field, value)
    except (ValueError, ZoneInfoNotFoundError):
        expected = f"one of {', '.join(field.choices)}" if field.choices else _EXPECTED[field.type]
        yield f"{name} must be {expected}"


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _typed(field: ConfigField, value: object) -> Any:  # noqa: ANN401 - the field's type decides
    if _empty(value):
        value = field.default
    return None if value is None else _TYPES[field.type](field, value)


def _text(_field: ConfigField, value: object) -> str:
    return "true" if value is True else "false" if value is False else str(value)


def _url(_field: ConfigField, value: object) -> str:
    url = str(value).strip()
    if not url.lower().startswith(("https://", "http://")):
        raise ValueError
    return url.rstrip("/")


def _integer(_field: ConfigField, value: object) -> int:
    return int(str(value))


def _boolean(_field: ConfigField, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in _WORDS:
        raise ValueError
    return _WORDS[str(value).lower()]


def _choice(field: ConfigField, value: object) -> str:
    if str(value) not in field.choices:
        raise ValueError
    return str(value)


def _timezone(_field: ConfigField, value: object) -> str:
    return ZoneInfo(str(value)).key


def _country(_field: ConfigField, value: object) -> str:
    if not _COUNTRY.fullmatch(str(value)):
        raise ValueError
    return str(value)


_TYPES: Final[Mapping[str, Callable[[ConfigField, object], Any]]] = {
    "text": _text,
    "url": _url,
    "int": _integer,
    "bool": _boolean,
    "choice": _choice,
    "timezone": _timezone,
    "country": _country,
}
_EXPECTED: Final[Mapping[str, str]] = {
    "text": "text",
    "url": "a URL that starts with https://",
    "int": "a whole number",
    "bool": "true or false",
    "timezone": "a time zone such as Asia/Shanghai",
    "country": "a country in two capital letters, such as CN",
}
