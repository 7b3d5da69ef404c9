"""Freshness: the moment a sender names must be now, give or take, so that an old request cannot be sent again (F25, F28)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tieline.connectors.inbound.fields import compile_source
from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Refusal
from tieline.connectors.inbound.verifier import Verifier, wanted_roots
from tieline.connectors.manifest.inbound_proof import VerifyTimestamp


def compile_timestamp(verify: VerifyTimestamp, config: Mapping[str, Any]) -> Verifier:
    """Return the check. What is no time, or is written in another unit than declared, is invalid rather than old."""
    read, wanted, within = compile_source(verify.at, config), wanted_roots(verify.at), timedelta(seconds=verify.within_s)

    def check(letter: Letter, now: datetime) -> Refusal | None:
        moment = read(letter.roots(wanted))
        if not isinstance(moment, datetime):
            return "timestamp_invalid"
        return None if abs(now - moment) <= within else "timestamp_stale"

    return check
