"""How a manifest writes a request."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tieline.connectors.manifest.headers import HeaderName
from tieline.connectors.manifest.part import Part, Word
from tieline.connectors.manifest.soap import SoapCall

XML_NAME: Final = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?|#text")
MAIL_METHODS: Final = frozenset({"SEND", "NOOP"})
"""What a mail server is asked: to take a letter, which is the `json`, or nothing."""
EXCHANGE_METHODS: Final = frozenset({"API"})
"""What an exchange is told over its event socket: a command, which is the `json`."""
BODIES: Final = ("json", "form", "text", "xml", "multipart", "soap")
PartName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


def xml_tree(tree: dict[str, Any]) -> dict[str, Any]:
    """Accept a tree that can be written as XML: one root, and names XML has. Raises: ValueError."""
    if len(tree) != 1 or next(iter(tree))[:1] in {"@", "#"}:
        raise ValueError("an XML tree has one root element")
    _check_names(tree)
    return tree


def _check_names(tree: object) -> None:
    if isinstance(tree, list):
        for each in tree:
            _check_names(each)
    if not isinstance(tree, dict) or (len(tree) == 1 and next(iter(tree)).startswith("$")):
        return
    for name, value in tree.items():
        if not XML_NAME.fullmatch(name):
            message = f"{name[:40]!r} is no name of an XML element or @attribute"
            raise ValueError(message)
        _check_names(value)


class Request(Part):
    """One request as a tree of values. At most one of json, form, text, xml, multipart and soap is its body.

    `auth` names the scheme it is signed by, one of `auths`, or `none`.
    `nulls` says what becomes of a null in the body: sent as it is, left out, or sent as an empty text.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "SEND", "NOOP", "API"] = "GET"
    host: Word = "main"
    auth: Word | None = None
    path: Annotated[str, Field(pattern=r"^/[^\s?#\\]*$", max_length=2000)] = "/"
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[HeaderName, Any] = Field(default_factory=dict)
    json_: Annotated[Any, Field(alias="json")] = None
    form: dict[str, Any] | None = None
    text: str | None = None
    xml: Annotated[dict[str, Any], AfterValidator(xml_tree)] | None = None
    multipart: dict[PartName, Any] | None = None
    soap: SoapCall | None = None
    content_type: str | None = None
    nulls: Literal["send", "drop", "empty"] = "send"

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        bodies = [body for body in (self.json_, self.form, self.text, self.xml, self.multipart, self.soap) if body is not None]
        if len(bodies) > 1:
            raise ValueError("a request has one body: json, form, text, xml, multipart or soap")
        if bodies and self.method == "GET":
            raise ValueError("a GET request has no body; write method: POST")
        if self.method in MAIL_METHODS and bodies != ([self.json_] if self.method == "SEND" else []):
            raise ValueError("SEND has a letter under json, NOOP has nothing")
        if self.method in EXCHANGE_METHODS and bodies != [self.json_]:
            raise ValueError("API has a command under json")
        return self
