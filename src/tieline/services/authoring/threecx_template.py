"""A 3CX CRM template read as plain data: parameters, ways to sign in, scenarios. Nothing is interpreted here.

The elements are those seen in public templates; 3CX publishes no schema (read 2026-11-22).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from tieline.domain.errors import ConfigRefused

LARGEST_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of the administrator's form."""

    name: str
    type: str
    title: str
    default: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """One field of a body: sent when `condition` holds."""

    key: str
    text: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A value taken from the answer: a dotted path through flattened arrays, and the siblings it is picked by."""

    name: str
    path: str
    filters: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One request and what is read from its answer. An empty id is the look-up by number."""

    id: str
    type: str
    method: str
    url: str
    encoding: str
    answer: str
    skip_if: str = ""
    message: str = ""
    next: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    posted: Sequence[Posted] = ()
    rules: Sequence[tuple[str, str, str]] = ()
    variables: Sequence[Variable] = ()
    outputs: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The whole file. `auth` is the kind, and the text of its value."""

    name: str
    version: str
    country: str
    number: Mapping[str, str]
    concurrency: str
    auth: tuple[str, str]
    parameters: Sequence[Parameter]
    scenarios: Sequence[Scenario]


def read_template(file: Path) -> Template:
    """Read a template. Raises: ConfigRefused: unreadable, larger than 1 MiB, not XML (or XML with a DTD), or no template."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_BYTES + 1)
    except OSError as exc:
        raise ConfigRefused("the file cannot be read", where=str(file)) from exc
    if len(raw) > LARGEST_BYTES:
        raise ConfigRefused("the file is larger than 1 MiB", where=str(file))
    try:
        root = ElementTree.fromstring(raw, forbid_dtd=True)
    except DefusedXmlException as exc:
        raise ConfigRefused("XML with a DTD or an entity is not read", where=str(file)) from exc
    except (ParseError, ValueError) as exc:
        raise ConfigRefused("the file is not XML", where=str(file)) from exc
    if root.tag.lower() != "crm":
        raise ConfigRefused("this is no 3CX CRM template; its root element is Crm", where=str(file))
    return _template(root)


def _template(root: Element) -> Template:
    auth = root.find("Authentication")
    return Template(
        name=root.get("Name", ""),
        version=root.get("Version", ""),
        country=root.get("Country", ""),
        number=dict(_attributes(root.find("Number"))),
        concurrency=dict(_attributes(root.find("Connection"))).get("MaxConcurrentRequests", ""),
        auth=(auth.get("Type", "No"), _text(auth.find("Value"))) if auth is not None else ("No", ""),
        parameters=tuple(_parameter(each) for each in root.findall("Parameters/Parameter")),
        scenarios=tuple(_scenario(each) for each in root.findall("Scenarios/Scenario")),
    )


def _parameter(element: Element) -> Parameter:
    return Parameter(
        name=element.get("Name", ""),
        type=element.get("Type", "String"),
        title=element.get("Title", ""),
        default=element.get("Default", ""),
        hidden=element.get("Editor", "").lower() == "password",
    )


def _scenario(element: Element) -> Scenario:
    request = element.find("Request")
    attributes = dict(_attributes(request))
    outputs = element.find("Outputs")
    return Scenario(
        id=element.get("Id", ""),
        type=element.get("Type", ""),
        method=attributes.get("RequestType", "Get").upper(),
        url=attributes.get("Url", ""),
        encoding=attributes.get("RequestEncoding", ""),
        answer=attributes.get("ResponseType", ""),
        skip_if=attributes.get("SkipIf", ""),
        message=attributes.get("Message", ""),
        next=dict(_attributes(outputs)).get("Next", ""),
        headers={each.get("Key", ""): _text(each) for each in _all(request, "Headers/Value")},
        posted=tuple(Posted(each.get("Key", ""), _text(each), each.get("If", "")) for each in _all(request, "PostValues/Value")),
        rules=tuple((each.get("Type", ""), _text(each), each.get("Ethalon", "")) for each in element.findall("Rules/Rule")),
        variables=tuple(_variable(each) for each in element.findall("Variables/Variable")),
        outputs=tuple((each.get("Type", ""), each.get("Value", "")) for each in _all(outputs, "Output")),
    )


def _variable(element: Element) -> Variable:
    rules = tuple((_text(each), each.get("Ethalon", "")) for each in element.findall("Filter/Rule"))
    return Variable(element.get("Name", ""), element.get("Path", ""), rules)


def _all(element: Element | None, path: str) -> Sequence[Element]:
    return element.findall(path) if element is not None else ()


def _attributes(element: Element | None) -> Iterator[tuple[str, str]]:
    if element is not None:
        yield from element.attrib.items()


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""
