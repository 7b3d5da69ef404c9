"""Builds the providers that the sign-in file names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import ConfigRefused
from tieline.kit.clock import Clock
from tieline.services.sign_in.dingtalk import DingtalkProvider
from tieline.services.sign_in.file import DingtalkEntry, OidcEntry, ProviderEntry, WecomEntry, read_sign_in_file, secret_of
from tieline.services.sign_in.oidc import OidcProvider
from tieline.services.sign_in.provider import Provider
from tieline.services.sign_in.wecom import WecomProvider


def open_providers(
    path: Path | None, wire: Wire, *, public_url: str, clock: Clock, monotonic: Callable[[], float]
) -> Mapping[str, Provider]:
    """Return the providers by name. Raises: ConfigRefused: the file cannot be used, or nobody could find the way back to us."""
    entries = read_sign_in_file(path)
    if path is None or not entries:
        return {}
    if not urlsplit(public_url).netloc:
        hint = "Set TIELINE_PUBLIC_URL to the address browsers use; providers send people back there."
        raise ConfigRefused("signing in by a provider needs our own address", where="TIELINE_PUBLIC_URL", hint=hint)

    def provider(name: str, entry: ProviderEntry) -> Provider:
        match entry:
            case OidcEntry():
                secret = secret_of(entry.client_secret, name=name, path=path)
                return OidcProvider(entry, secret, wire, clock=clock, monotonic=monotonic)
            case WecomEntry():
                return WecomProvider(entry, secret_of(entry.secret, name=name, path=path) or "", wire, monotonic=monotonic)
            case DingtalkEntry():
                secret = secret_of(entry.client_secret, name=name, path=path)
                return DingtalkProvider(entry, secret or "", wire, monotonic=monotonic)

    return {name: provider(name, entry) for name, entry in entries.items()}


def origins_of(path: Path | None) -> tuple[str, ...]:
    """Return the origins of the providers at which people sign out. Raises: ConfigRefused."""
    issuers = [urlsplit(entry.issuer) for entry in read_sign_in_file(path).values() if isinstance(entry, OidcEntry)]
    return tuple(sorted({f"{issuer.scheme}://{issuer.netloc}" for issuer in issuers}))
