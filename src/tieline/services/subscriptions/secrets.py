"""Secrets of subscriptions: made, sealed, and two of them valid for a day when one is changed."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.security.secret_box import SecretBox
from tieline.store.subscriptions import Subscription

OVERLAP: Final = timedelta(hours=24)
"""The old secret goes on signing this long beside the new one, while receivers are changed over."""
_BYTES: Final = 32
"""Standard Webhooks asks for 24 to 64."""
_FIELD: Final = "secret"


def make_secret(entropy: Callable[[int], bytes]) -> str:
    """Return a new one as it is shown, once."""
    return f"whsec_{base64.b64encode(entropy(_BYTES)).decode()}"


def seal_secret(box: SecretBox, subscription_id: UUID, secret: str) -> bytes:
    """Return it as it is kept."""
    return box.seal(secret, connection=f"webhook:{subscription_id}", field=_FIELD)


def current_secrets(box: SecretBox, subscription: Subscription, *, now: datetime) -> list[str]:
    """Return what signs now, the newest first. Raises: ConfigRefused: it cannot be unsealed."""
    sealed = [subscription.secret]
    if subscription.old_secret is not None and subscription.old_secret_until is not None and now < subscription.old_secret_until:
        sealed.append(subscription.old_secret)
    return [box.unseal(one, connection=f"webhook:{subscription.id}", field=_FIELD) for one in sealed]
