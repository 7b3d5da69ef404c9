"""A secret that was replaced proves its sender beside the new one until its time is over, whatever kind of proof it makes."""

import base64
import hashlib
import hmac
import os
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.connectors.inbound.former import FormerSecret, inbound_secrets
from tieline.connectors.inbound.hearing import Hearing
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.inbound.sealing import compile_seal
from tieline.connectors.manifest.inbound_proof import each_proof
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.registry import Catalog

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=24)
BODY = b'{"a":1}'
OLD, NEW, WRONG = "old-secret-0123456789", "new-secret-0123456789", "no-secret-0123456789"
ROW = {"emit": "ticket.changed", "id": {"const": "1"}, "refetch": True}
Sender = Callable[[str, datetime], Mapping[str, Any]]


@dataclass
class Watch:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def manifest(verify: object, **more: object) -> Manifest:
    fields = {name: {"title": name, "secret": True, "required": False} for name in ("secret", "key", "outgoing")}
    return Manifest.model_validate(
        {
            "schema": 1,
            "id": "acme",
            "name": "Acme",
            "category": "helpdesk",
            "docs": {"url": "https://acme.example/docs", "read": "2026-11-26"},
            "config": {**fields, "receiver": {"title": "Receiver", "required": False}},
            "inbound": {"event": {"accept": ["json"], "verify": verify, "events": [ROW], **more}},
        }
    )


def hearing(found: Manifest, watch: Watch, **config: str) -> Hearing:
    return Hearing(found, {"receiver": "us", **config}, clock=watch, entropy=os.urandom)


def sent(**parts: Any) -> InboundRequest:  # noqa: ANN401 - any part of a request
    return InboundRequest(
        **{"method": "POST", "headers": {}, "query": "", "content_type": "application/json", "body": BODY, **parts}
    )


def digest(secret: str, text: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), text, algorithm).digest()


def standard(secret: str, now: datetime) -> Mapping[str, Any]:
    written = str(int(now.timestamp()))
    right = base64.b64encode(digest(secret, b".".join((b"msg_1", written.encode(), BODY)))).decode()
    return {"headers": {"webhook-id": "msg_1", "webhook-timestamp": written, "webhook-signature": f"v1,{right}"}}


def basic(secret: str, _now: datetime) -> Mapping[str, Any]:
    return {"headers": {"authorization": f"Basic {base64.b64encode(f'vendor:{secret}'.encode()).decode()}"}}


def signature(**recipe: object) -> dict[str, object]:
    return {"kind": "signature", "given": "header.X-Sig", "expected": recipe}


PROOFS: dict[str, tuple[object, Sender]] = {
    "static_header": (
        {"kind": "static_header", "header": "X-Token", "value": "$config.secret"},
        lambda secret, _: {"headers": {"x-token": secret}},
    ),
    "static in the query": (
        {"kind": "static", "at": "query.token", "value": "$config.secret"},
        lambda secret, _: {"query": urllib.parse.urlencode({"token": secret})},
    ),
    "static in the body": (
        {"kind": "static", "at": "body.token", "value": "$config.secret"},
        lambda secret, _: {"body": b'{"token": "%s"}' % secret.encode()},
    ),
    "basic": ({"kind": "basic", "username": "vendor", "password": "$config.secret"}, basic),
    "path_secret": ({"kind": "path_secret", "value": "$config.secret"}, lambda secret, _: {"path_tail": secret}),
    "signature, HMAC": (
        signature(hmac="sha256", key="$config.secret", of="$request.body"),
        lambda secret, _: {"headers": {"x-sig": digest(secret, BODY).hex()}},
    ),
    "signature, hash": (
        signature(hash="sha1", of=["$config.secret", "$request.body"]),
        lambda secret, _: {"headers": {"x-sig": hashlib.sha1(secret.encode() + BODY).hexdigest()}},  # noqa: S324 - vendors use it
    ),
    "standard_webhooks": (
        {"kind": "standard_webhooks", "secrets": ["$config.secret"]},
        standard,
    ),
    "any": (
        {
            "any": [
                {"kind": "path_secret", "value": "$config.secret"},
                {"kind": "static", "at": "query.t", "value": "$config.key"},
            ]
        },
        lambda secret, _: {"path_tail": secret},
    ),
}


def as_written(kind: str, secret: str) -> str:
    """Standard Webhooks writes its secrets in base64."""
    return f"whsec_{base64.b64encode(secret.encode()).decode()}" if kind == "standard_webhooks" else secret


@pytest.mark.parametrize("kind", PROOFS)
@pytest.mark.parametrize(
    ("secret", "moment", "admitted"),
    [
        (OLD, NOW, True),
        (OLD, UNTIL - timedelta(microseconds=1), True),
        (OLD, UNTIL, False),
        (OLD, UNTIL + timedelta(days=1), False),
        (NEW, NOW, True),
        (NEW, UNTIL, True),
        (WRONG, NOW, False),
    ],
    ids=["old", "old, at the last moment", "old, at the end", "old, later", "new", "new, later", "neither"],
)
def test_the_former_secret_is_good_until_its_end_and_the_new_one_always(
    kind: str, secret: str, moment: datetime, *, admitted: bool
) -> None:
    verify, sender = PROOFS[kind]
    watch = Watch(moment)
    listening = hearing(manifest(verify), watch, secret=as_written(kind, NEW), key="k" * 20)
    listening.honour({"secret": FormerSecret(as_written(kind, OLD), UNTIL)})
    request = sent(**sender(secret, moment))
    assert (listening.admit(request).refused is None) is admitted
    assert (listening.translate(request, kind="event").refused is None) is admitted


@pytest.mark.parametrize("kind", PROOFS)
def test_without_an_overlap_the_former_secret_is_refused_at_once(kind: str) -> None:
    verify, sender = PROOFS[kind]
    listening = hearing(manifest(verify), Watch(), secret=as_written(kind, NEW), key="k" * 20)
    assert listening.admit(sent(**sender(OLD, NOW))).refused == "signature_invalid"


def test_every_kind_of_proof_that_takes_a_secret_is_among_them() -> None:
    shown = {type(one).__name__ for verify, _ in PROOFS.values() for one in each_proof(manifest(verify).inbound.event.verify)}  # type: ignore[union-attr] # every one of them has an intake
    used = set()
    for found in Catalog().list():
        inbound, secrets = found.manifest.inbound, [f"$config.{name}" for name in found.manifest.secrets]
        for intake in (inbound.call, inbound.event) if inbound else ():
            proofs = each_proof(intake.verify) if intake else ()
            used |= {type(one).__name__ for one in proofs if any(name in str(one) for name in secrets)}
    assert used == shown - {"VerifyAny"}


KEYS = {name: base64.b64encode(bytes([number]) * 32).decode().rstrip("=") for number, name in enumerate(("old", "new"), 1)}
SEALING = {
    "kind": "aes_cbc_receiver",
    "at": "envelope.encrypt",
    "key": "$config.key",
    "receiver": "$config.receiver",
    "key_form": "base64_43",
}
SIGNED = {"kind": "static", "at": "query.token", "value": "$config.secret"}


def sealed_by(found: Manifest, key: str, token: str) -> InboundRequest:
    assert found.inbound is not None
    assert found.inbound.event is not None
    seal = compile_seal(found.inbound.event.sealed, {"key": key, "receiver": "us"}, os.urandom)
    assert seal is not None
    return sent(body=b'{"encrypt": "%s"}' % seal.seal('{"a":1}').encode(), query=f"token={token}")


@pytest.mark.parametrize(("key", "token"), [("old", OLD), ("old", NEW), ("new", OLD), ("new", NEW)])
def test_a_key_and_a_token_are_good_together_and_each_by_itself(key: str, token: str) -> None:
    found = manifest(SIGNED, sealed=SEALING)
    watch = Watch(UNTIL - timedelta(seconds=1))
    listening = hearing(found, watch, secret=NEW, key=KEYS["new"])
    listening.honour({"secret": FormerSecret(OLD, UNTIL), "key": FormerSecret(KEYS["old"], UNTIL)})
    request = sealed_by(found, KEYS[key], token)
    admitted = listening.admit(request)
    assert admitted.refused is None
    watch.now = UNTIL
    assert (listening.admit(request).refused is None) is ((key, token) == ("new", NEW))
    assert admitted.kept is not None
    assert listening.read(admitted.kept).faults == (), "what was taken in time is opened later as well"


def test_the_secrets_of_a_form_that_prove_the_sender_are_known() -> None:
    assert inbound_secrets(manifest(SIGNED, sealed=SEALING)) == {"secret", "key"}
    assert inbound_secrets(Catalog().find("standard_webhooks").manifest) == {"secret", "old_secret"}
    assert inbound_secrets(Catalog().find("smtp_email").manifest) == frozenset()


def test_a_former_secret_is_shown_nowhere() -> None:
    assert OLD not in repr(FormerSecret(OLD, UNTIL))
