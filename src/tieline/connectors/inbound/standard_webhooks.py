"""The one scheme with a specification, put together from ours: Standard Webhooks 1.0.0 (standardwebhooks.com, read 2026-11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Refusal
from tieline.connectors.inbound.signatures import compile_signature
from tieline.connectors.inbound.timestamps import compile_timestamp
from tieline.connectors.inbound.verifier import Verifier
from tieline.connectors.manifest.inbound_proof import VerifySignature, VerifyStandardWebhooks, VerifyTimestamp

LONGEST_ID: Final = 256
_ID: Final = "webhook-id"
_TIME: Final = "webhook-timestamp"
_SIGNATURE: Final = "webhook-signature"


def compile_standard_webhooks(verify: VerifyStandardWebhooks, config: Mapping[str, Any]) -> Verifier:
    """Return the check: an id that can be told from what follows it, a fresh time, a signature by one of the secrets."""
    fresh = compile_timestamp(_timestamp(verify), config)
    signed = compile_signature(_signature(verify), config)

    def check(letter: Letter, now: datetime) -> Refusal | None:
        headers = letter.request.headers
        if not all(name in headers for name in (_ID, _TIME, _SIGNATURE)):
            return "signature_missing"
        if not headers[_ID] or "." in headers[_ID] or len(headers[_ID]) > LONGEST_ID:
            return "id_invalid"
        return fresh(letter, now) or signed(letter, now)

    return check


def _timestamp(verify: VerifyStandardWebhooks) -> VerifyTimestamp:
    at = {"from": f"header.{_TIME}", "format": "epoch_s"}
    return VerifyTimestamp.model_validate({"kind": "timestamp", "at": at, "within_s": verify.within_s})


def _signature(verify: VerifyStandardWebhooks) -> VerifySignature:
    parts = [f"$request.header.{_ID}", f"$request.header.{_TIME}", "$request.body"]
    # An old secret may be gone by now, or a new one not be there yet.
    secrets = [secret if secret.endswith("?") else f"{secret}?" for secret in verify.secrets]
    recipes = [
        {
            "hmac": "sha256",
            "key": {"of": secret, "after": "whsec_", "read": "base64", "as": "raw"},
            "of": parts,
            "join": ".",
            "as": "base64",
        }
        for secret in secrets
    ]
    given = {"given": f"header.{_SIGNATURE}", "prefix": "v1,", "separator": " ", "expected": recipes}
    return VerifySignature.model_validate({"kind": "signature", **given})
