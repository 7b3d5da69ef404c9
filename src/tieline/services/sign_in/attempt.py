"""One person on the way through a provider's door: what must come back, sealed into a cookie of the browser that left.

Nothing is stored while somebody is away, so that knocking a million times fills no table; that a state is used once is
remembered when it comes back.
"""

import base64
import binascii
import hashlib
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from tieline.domain.errors import ConfigRefused
from tieline.kit.ids import opaque_token
from tieline.security.json_web_tokens import TokenRefused
from tieline.security.secret_box import SecretBox

LIFE: Final = timedelta(minutes=10)
_PLACE: Final = "sign-in"


class Attempt(BaseModel):
    """What must come back.

    `to`: where they wanted to. `verifier`: the secret of PKCE (RFC 7636). `state` and `nonce` tie answer and token to this
    browser. `agent`: who must come back, having shown anew who they are; empty: whoever it is.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    to: str = ""
    state: str
    nonce: str
    verifier: str
    begun_at: datetime
    agent: str = ""

    @property
    def challenge(self) -> str:
        """Return what the provider is shown of the verifier (S256)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def is_over(self, now: datetime) -> bool:
        """Say whether it took too long."""
        return not timedelta(0) <= now - self.begun_at < LIFE

    def __repr__(self) -> str:
        return f"<attempt at {self.provider}>"


def begin(provider: str, *, to: str = "", agent: str = "", now: datetime) -> Attempt:
    """Return a new attempt: 256 random bits each."""
    state, nonce, verifier = (opaque_token(32) for _ in range(3))
    return Attempt(provider=provider, to=to, state=state, nonce=nonce, verifier=verifier, begun_at=now, agent=agent)


def seal(attempt: Attempt, box: SecretBox) -> str:
    """Return the cookie's value."""
    sealed = box.seal(attempt.model_dump_json(), connection=_PLACE, field=attempt.provider)
    return base64.urlsafe_b64encode(sealed).decode()


def unseal(cookie: str, box: SecretBox, *, provider: str) -> Attempt:
    """Return the attempt this browser set out on. Raises: TokenRefused: none of ours, or one at another provider."""
    try:
        sealed = base64.b64decode(cookie, altchars=b"-_", validate=True)
        return Attempt.model_validate_json(box.unseal(sealed, connection=_PLACE, field=provider))
    except (binascii.Error, ValueError, ConfigRefused, ValidationError) as exc:
        raise TokenRefused("attempt_unknown") from exc
