"""What a value in an answer may be: decided by what the mapping reads it as, by its key, then by its looks.

Whatever nothing vouches for is taken to be personal: a recording goes into a repository, and its reader needs the shape of the
answer, not the words of a customer.
"""

import re
from collections.abc import Mapping
from typing import Final

KEEP: Final = "keep"

BY_FIELD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("name", "recipient", "owner", "assignee", "author", "agent"), "name"),
    **dict.fromkeys(("phones", "phone", "from", "to"), "number"),
    **dict.fromkeys(("address", "city", "region", "postal_code"), "address"),
    **dict.fromkeys(("id", "merged_into", "number", "tracking_number", "id_number", "wechat", "call_id", "customer"), "id"),
    **dict.fromkeys(("subject", "description", "summary", "note", "text", "notes"), "text"),
    "company": "company",
    "emails": "email",
    "url": "url",
}
"""Canonical field → kind of what it was read from."""

# Whole words of a key, parted at capitals, underscores and the like.
BY_WORD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("token", "secret", "password", "passwd", "pwd", "apikey", "signature", "credential", "session"), "secret"),
    **dict.fromkeys(("authorization", "cookie", "jwt", "密码"), "secret"),
    **dict.fromkeys(("phone", "phones", "mobile", "tel", "telephone", "cell", "fax", "msisdn", "电话", "手机"), "number"),
    **dict.fromkeys(("email", "emails", "mail", "邮箱"), "email"),
    **dict.fromkeys(("name", "firstname", "lastname", "fullname", "username", "nickname", "login", "姓名", "客户名称"), "name"),
    **dict.fromkeys(("user", "owner", "assignee", "author", "contact", "customer", "requester"), "name"),
    **dict.fromkeys(("company", "organization", "organisation", "employer", "公司"), "company"),
    **dict.fromkeys(("address", "street", "city", "zip", "postcode", "postal", "地址", "latitude", "longitude"), "address"),
    **dict.fromkeys(("id", "ids", "uuid", "guid", "key", "ref", "reference", "sid", "openid", "unionid"), "id"),
    **dict.fromkeys(("url", "uri", "href", "link", "avatar"), "url"),
    **dict.fromkeys(("ip",), "ip"),
    **dict.fromkeys(("subject", "description", "body", "comment", "note", "notes", "text", "备注", "内容"), "text"),
    **dict.fromkeys(
        ("type", "object", "status", "state", "priority", "currency", "locale", "language", "lang", "timezone"), KEEP
    ),
    **dict.fromkeys(("at", "time", "date", "created", "updated", "modified", "expires", "timestamp", "zone", "role"), KEEP),
    **dict.fromkeys(("code", "errcode", "errno", "count", "total", "page", "size", "limit", "kind", "level", "channel"), KEEP),
}
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[\u3400-\u9fff]+")
_TIME: Final = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?\s?(Z|[+-]\d{2}:?\d{2})?|\d{1,2}:\d{2}(:\d{2})?"
)
_LOOKS: Final = (
    ("email", re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")),
    ("url", re.compile(r"[a-z][a-z0-9+.-]{1,12}://\S+")),
    ("ip", re.compile(r"\d{1,3}(\.\d{1,3}){3}")),
    (KEEP, _TIME),
    (KEEP, re.compile(r"-?\d{1,9}\.\d{1,6}|-?\d{1,3}|")),
    ("number", re.compile(r"\+?[\d\s().\-/]{7,24}")),
    ("id", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{6,64}")),
    (KEEP, re.compile(r"[a-z]{1,20}(_[a-z]{1,20}){0,4}|[A-Z]{2,3}|[a-z]{2}[-_][A-Z]{2}|[A-Z]{2,20}(_[A-Z]{2,20}){0,4}")),
    (KEEP, re.compile(r"(text|application|image|audio)/[a-z0-9.+-]{2,40}|[A-Z][a-z]{2,20}/[A-Z][A-Za-z_]{2,20}")),
)
SHORT_ID: Final = 3
"""Digits up to which a number tells nobody apart."""
_LARGEST_PLAIN: Final = 999_999
_EPOCHS: Final = (range(946_684_800, 4_102_444_800), range(946_684_800_000, 4_102_444_800_000))


def kind_of_key(key: str) -> str | None:
    """Return what a key promises; the last word that promises anything counts, as in `customer_id`; a secret always does."""
    kinds = [BY_WORD[word] for word in (each.lower() for each in _WORD.findall(key)) if word in BY_WORD]
    if not kinds:
        return None
    return "secret" if "secret" in kinds else kinds[-1]


def kind_of_text(text: str, key: str) -> str:
    """Return what a text is; `text` for anything nothing vouches for."""
    promised = kind_of_key(key)
    if text.isdigit() and len(text) <= SHORT_ID and promised != "secret":
        return KEEP
    looks = next((kind for kind, pattern in _LOOKS if pattern.fullmatch(text)), "text")
    if promised is None or (promised == KEEP and looks in {"email", "url", "ip", "number", "text"}):
        return looks
    if promised == "number" and looks in {"text", KEEP}:
        return looks  # `phone: mobile` names a kind of telephone.
    return promised


def kind_of_number(value: float, key: str) -> str:
    """Return what a JSON number is: an id or a telephone number by its key or its length, otherwise nothing personal."""
    promised = kind_of_key(key)
    if isinstance(value, float | bool) or len(str(abs(value))) <= SHORT_ID:
        return KEEP
    if promised in {"id", "number"}:
        return promised
    if abs(value) <= _LARGEST_PLAIN or any(value in epoch for epoch in _EPOCHS):
        return KEEP
    return "id"
