"""`tieline connector import-3cx`: a 3CX CRM template becomes a folder of ours, and what has no counterpart is listed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tieline.connectors.registry import Connector
from tieline.services.authoring.draft import CAREFUL, Begun, Draft, DraftRows, write_draft
from tieline.services.authoring.draft_examples import draft_example
from tieline.services.authoring.threecx_request import Asked, auth_of, request_of
from tieline.services.authoring.threecx_rows import rows_of
from tieline.services.authoring.threecx_template import Parameter, Posted, Scenario, Template, read_template
from tieline.services.authoring.threecx_words import NotTranslated, call_field, config_name, reference

_LOOK_UPS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "": ("customer.find", {"Number": "in.phone.raw"}),
    "LookupByEmail": ("customer.search", {"Email": "in.email"}),
}
_TYPES: Final[Mapping[str, str]] = {"string": "text", "integer": "int", "boolean": "bool"}
_NO_KEY: Final = "3CX sends a report once and knows no key; find out how the vendor knows a repetition"


@dataclass(slots=True)
class _Translation:
    """What has been translated so far, and what has not, with the reason."""

    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    mapping: dict[str, DraftRows] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    authorizations: set[str] = field(default_factory=set)
    open_points: list[tuple[str, str]] = field(default_factory=list)

    def take(self, operation: str, asked: Asked, parts: Mapping[str, Any]) -> None:
        """Add an operation; a second server gets a name of its own."""
        host = self.servers.setdefault(asked.server, "main" if not self.servers else f"server_{len(self.servers) + 1}")
        request = asked.tree if host == "main" else {**asked.tree, "host": host}
        self.operations[operation] = {"request": request, **parts}
        self.authorizations.add(asked.authorization)


async def import_3cx(file: Path, parent: Path, connector_id: str, *, category: str) -> tuple[Path, ...]:
    """Write a folder translated from a template; return its files.

    Raises: ConfigRefused: not an id or category, the folder exists, or the file is no template.
    """
    template = read_template(file)
    translation = _Translation()
    for number, scenario in enumerate(template.scenarios, start=1):
        _translate(scenario, number, template, translation)
    auth = _auth(template, translation)
    begun = Begun(connector_id, (template.name or connector_id)[:80], category, f"the 3CX template {file.name}")
    written = write_draft(_draft(begun, template, translation, auth), parent)
    connector = Connector(parent / connector_id)
    return (*written, *[await draft_example(connector, name) for name in translation.operations])


def _draft(begun: Begun, template: Template, translation: _Translation, auth: Mapping[str, Any]) -> Draft:
    servers = {name: server for server, name in translation.servers.items()}
    translation.open_points += [*_about_numbers(template), *_secrets_in_addresses(template)]
    concurrency = {"concurrency": int(template.concurrency)} if template.concurrency.isdigit() else {}
    todo = {"todo": f"{len(translation.open_points)} parts of the template were not translated; see the README"}
    reads_only = {} if "call.log" in translation.operations else {"writes": {"exempt": "it only reads"}}
    return Draft(
        begun,
        config={config_name(each.name): _form(each, servers.get("main", "")) for each in template.parameters},
        hosts=servers,
        auth=auth,
        limits={**CAREFUL, **concurrency},
        operations=translation.operations,
        mapping=translation.mapping,
        quality={"mapping": todo, **reads_only},
        open_points=[*translation.open_points, ("outcomes", "3CX declares none: the vendor's error codes are to be added")],
    )


def _translate(scenario: Scenario, number: int, template: Template, translation: _Translation) -> None:
    named = f"scenario {number} ({scenario.id or 'look-up by number'})"
    carry_over = _look_up if scenario.id in _LOOK_UPS else _OTHERS.get(scenario.id)
    if carry_over is None:
        why = "we write nothing during a look-up" if "Create" in scenario.id else "a step reached from another one"
        translation.open_points.append((named, f"not translated: {why}"))
        return
    try:
        carry_over(scenario, named, template, translation)
    except NotTranslated as exc:
        translation.open_points.append((named, f"not translated: {exc}"))


def _look_up(scenario: Scenario, named: str, template: Template, translation: _Translation) -> None:
    operation, inputs = _LOOK_UPS[scenario.id]
    if operation in translation.operations:
        raise NotTranslated("a further look-up; the first one is taken")
    asked = request_of(scenario, template, inputs)
    if scenario.posted:
        asked.tree |= _body(scenario, {each.key: _plain(each, template, inputs) for each in scenario.posted})
    elif scenario.message:
        raise NotTranslated("a body written out as text")
    found = rows_of(scenario)
    translation.take(operation, asked, {"records": found.records})
    translation.open_points += [(f"{named}: {part}", why) for part, why in (*found.left_out, *_steps(scenario))]
    if "customer" not in translation.mapping:
        translation.mapping["customer"] = DraftRows(found.rows)
    if found.records != "body":
        translation.open_points.append(
            (f"{named}: records", f"taken to lie at `{found.records}`; 3CX does not say what is a list")
        )


def _plain(posted: Posted, template: Template, inputs: Mapping[str, str]) -> str:
    if posted.condition:
        raise NotTranslated("a field sent on a condition")
    return reference(posted.text, {**{each.name: f"config.{config_name(each.name)}" for each in template.parameters}, **inputs})


def _report(scenario: Scenario, named: str, template: Template, translation: _Translation) -> None:
    if scenario.message or not scenario.posted:
        raise NotTranslated("a body written out as text, or none")
    asked = request_of(scenario, template, {})
    body: dict[str, str] = {}
    rows: dict[str, dict[str, Any]] = {}
    for posted in scenario.posted:
        try:
            body[posted.key] = _reported(posted, template, rows)
        except NotTranslated as exc:
            translation.open_points.append((f"{named}: field {posted.key}", f"not translated: {exc}"))
    if not rows:
        raise NotTranslated("nothing of the call in it has an exact counterpart")
    asked.tree |= _body(scenario, body)
    translation.take("call.log", asked, {"idempotency": {"none": _NO_KEY}})
    translation.mapping["call"] = DraftRows(rows)
    translation.open_points += [(f"{named}: {part}", why) for part, why in _steps(scenario)]


def _reported(posted: Posted, template: Template, rows: dict[str, dict[str, Any]]) -> str:
    """Return what stands in the body for a field: a constant, a field of the form, or the record's field of that name."""
    if posted.condition:
        raise NotTranslated("it is sent on a condition")
    if not posted.key.replace("_", "").replace("-", "").isalnum():
        raise NotTranslated("its key")
    try:
        return reference(posted.text, {each.name: f"config.{config_name(each.name)}" for each in template.parameters})
    except NotTranslated:
        name, codec = call_field(posted.text)
    rows[name] = {"to": posted.key} | ({"as": codec} if codec else {})
    return f"$record.{posted.key}?"


def _body(scenario: Scenario, body: Mapping[str, str]) -> dict[str, Any]:
    return {"form" if scenario.encoding.lower() == "urlencoded" else "json": dict(body)}


def _steps(scenario: Scenario) -> Iterator[tuple[str, str]]:
    if scenario.skip_if:
        yield "SkipIf", "not translated: a condition that computes"
    if scenario.next:
        yield "Next", "not translated: what follows the first step"


_OTHERS: Final = {"ReportCall": _report}


def _auth(template: Template, translation: _Translation) -> Mapping[str, Any]:
    carried = sorted(translation.authorizations)
    if len(carried) > 1:
        translation.open_points.append(("signing in", "not translated: requests with different Authorization headers"))
        return {"kind": "none"}
    try:
        return auth_of(template, carried[0] if carried else "")
    except NotTranslated as exc:
        translation.open_points.append(("signing in", f"not translated: {exc}"))
        return {"kind": "none"}


def _secrets_in_addresses(template: Template) -> Iterator[tuple[str, str]]:
    for parameter in template.parameters:
        if parameter.hidden and any(f"[{parameter.name}]" in scenario.url for scenario in template.scenarios):
            yield f"`{config_name(parameter.name)}`", "a secret that travels in the address; ask the vendor for a header"


def _form(parameter: Parameter, server: str) -> dict[str, Any]:
    """Return a field of the form. A default that computes is left out, and a secret has none."""
    name = config_name(parameter.name)
    is_server = server == f"$config.{name}"
    form: dict[str, Any] = {"title": parameter.title or parameter.name}
    kind = "url" if is_server else _TYPES.get(parameter.type.lower(), "text")
    if kind != "text":
        form["type"] = kind
    if parameter.hidden:
        return {**form, "secret": True}
    if parameter.default and "[" not in parameter.default:
        form["default"] = parameter.default.lower() == "true" if kind == "bool" else parameter.default
    else:
        form["required"] = is_server
    return form


def _about_numbers(template: Template) -> Iterator[tuple[str, str]]:
    prefix, longest = template.number.get("Prefix", "AsIs"), template.number.get("MaxLength", "")
    if prefix != "AsIs":
        yield "Number@Prefix", f"not translated: `{prefix}`; the number is sent as it comes in"
    if longest:
        yield "Number@MaxLength", "not translated: keeping only the last digits; find out in which form the vendor stores numbers"
