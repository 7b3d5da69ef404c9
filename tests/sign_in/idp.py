"""An OpenID provider on loopback that does as it is told: whatever it says can be bent before it is said."""

import base64
import hashlib
import hmac
import json
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec as asymmetric_ec
from cryptography.hazmat.primitives.asymmetric import padding, utils
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from tests.faults.vendor import Asked, answer, vendor

from tieline.kit.clock import utc_now

CLIENT_ID = "tieline"
CLIENT_SECRET = "s3cret:/with signs"
ACCESS_TOKEN = "an-access-token"


@cache
def rsa(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig", "alg": "RS256"}, private=True)


@cache
def short_rsa() -> RSAKey:
    """A key that libraries warn of and we refuse."""
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):
        return RSAKey.generate_key(1024, parameters={"kid": "short"}, private=True)


@cache
def ec(name: str) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": name}, private=True)


def public(key: RSAKey | ECKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def signed(header: Mapping[str, Any], claims: Mapping[str, Any] | bytes, key: Any) -> str:  # noqa: ANN401 - any kind of key
    """Sign whatever is to be signed; a library would refuse half of what is wrong with it."""
    signing = f"{in_base64(header)}.{in_base64(claims)}".encode()
    match key:
        case bytes():
            signature = hmac.digest(key, signing, "sha256")
        case ECKey():
            assert key.private_key is not None
            pair = utils.decode_dss_signature(key.private_key.sign(signing, asymmetric_ec.ECDSA(hashes.SHA256())))
            signature = b"".join(number.to_bytes(32) for number in pair)
        case _:
            digest = hashes.SHA512() if header["alg"] == "RS512" else hashes.SHA256()
            signature = key.private_key.sign(signing, padding.PKCS1v15(), digest)
    return f"{signing.decode()}.{in_base64(signature)}"


def in_base64(part: bytes | Mapping[str, Any]) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@dataclass
class Flow:
    """One sign-in as the provider is about to tell it. A mutation changes one thing of it."""

    header: dict[str, Any]
    claims: dict[str, Any]
    told: dict[str, Any]
    query: dict[str, str]
    cookie: str
    extra_query: str = ""
    key: Any = None
    token: Callable[["Flow"], str] = lambda flow: signed(flow.header, flow.claims, flow.key)
    answered: dict[str, Any] = field(default_factory=dict)
    status: int = 200

    def answer(self) -> dict[str, Any]:
        whole = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60, "id_token": self.token(self)}
        return {name: value for name, value in {**whole, **self.answered}.items() if value is not None}


@dataclass
class Idp:
    """`keys` are published; `metadata` overrides the description; `asked` counts by path."""

    port: int = 0
    keys: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    flow: Flow | None = None
    challenge: str = ""
    down: bool = False
    seen: list[dict[str, str]] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, asked: Asked, writer: Any) -> None:  # noqa: ANN401 - as the server hands it over
        _, target, _ = asked.line.split(" ")
        path = urlsplit(target).path
        self.asked[path] += 1
        if self.down:
            await answer(b"away", status=503)(asked, writer)
            return
        status, found = self._found(path, asked)
        await answer(json.dumps(found).encode(), status=status)(asked, writer)

    def _found(self, path: str, asked: Asked) -> tuple[int, Any]:
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._description()
            case "/jwks":
                return 200, {"keys": self.keys}
            case "/token":
                return self._redeemed(asked)
            case "/me":
                assert asked.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"
                return 200, self.flow.told if self.flow else {}
            case _:
                return 404, {}

    def _description(self) -> dict[str, Any]:
        doors = {
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me",
            "end_session_endpoint": f"{self.issuer}/session/end",
        }
        return {"issuer": self.issuer, **doors, "authorization_response_iss_parameter_supported": True, **self.metadata}

    def _redeemed(self, asked: Asked) -> tuple[int, Any]:
        """Give the tokens to whoever shows client, secret and the verifier behind the challenge."""
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        self.seen.append(form)
        secret = f"{CLIENT_ID}:s3cret%3A%2Fwith+signs"
        proved = in_base64(hashlib.sha256(form["code_verifier"].encode()).digest()) == self.challenge
        if asked.headers.get("authorization") != f"Basic {base64.b64encode(secret.encode()).decode()}" or not proved:
            return 401, {"error": "invalid_client"}
        assert self.flow is not None
        return self.flow.status, self.flow.answer()

    def begin(self, query: Mapping[str, str], cookie: str, *, subject: str = "sub-1001", name: str = "1001") -> Flow:
        """Prepare the answer to somebody who was sent here."""
        now = int(utc_now().timestamp())
        self.challenge = query["code_challenge"]
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": query["nonce"],
            "sid": f"session of {subject}",
            "acr": "mfa",
            "at_hash": in_base64(hashlib.sha256(ACCESS_TOKEN.encode()).digest()[:16]),
        }
        self.flow = Flow(
            header={"alg": "RS256", "kid": "k1", "typ": "JWT"},
            claims=claims,
            told={"sub": subject, "preferred_username": name, "groups": ["cc-leads", "cc-agents"]},
            query={"code": "c0de", "state": query["state"], "iss": self.issuer},
            cookie=cookie,
            key=rsa("k1"),
        )
        return self.flow


@asynccontextmanager
async def identity_provider() -> AsyncIterator[Idp]:
    odd = [
        {**public(rsa("sealing")), "use": "enc"},
        {"kty": "oct", "kid": "k1", "k": "AAAA"},
        {"kty": "SM2", "kid": "unheard-of"},
    ]
    idp = Idp(keys=[*odd, public(short_rsa()), public(rsa("k1")), public(ec("e1"))])
    async with vendor(idp.serve) as server:
        idp.port = server.port
        yield idp
