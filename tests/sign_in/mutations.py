"""Ways in which an answer of a provider can be wrong, each with the check that finds it (behaviour S07, B74)."""

import json
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from joserfc.jwk import RSAKey
from tests.sign_in.flow import Mutation
from tests.sign_in.idp import Flow, in_base64, public, rsa, short_rsa, signed


class Wrong(NamedTuple):
    """A mutation, and our word for what is wrong."""

    why: str
    bend: Mutation


def claim(**changed: object) -> Mutation:
    def bend(flow: Flow) -> None:
        flow.claims.update(changed)
        for name in [name for name, value in changed.items() if value is None]:
            del flow.claims[name]

    return bend


def later(name: str, by_s: int) -> Mutation:
    return lambda flow: flow.claims.update({name: flow.claims["iat"] + by_s})


def head(**changed: object) -> Mutation:
    return lambda flow: flow.header.update(changed)


def query(**changed: str | None) -> Mutation:
    def bend(flow: Flow) -> None:
        kept = {**flow.query, **changed}
        flow.query = {name: value for name, value in kept.items() if value is not None}

    return bend


def answered(**changed: object) -> Mutation:
    return lambda flow: flow.answered.update(changed)


def told(**changed: object) -> Mutation:
    return lambda flow: flow.told.update(changed)


def unsigned(flow: Flow) -> None:
    flow.token = lambda one: f"{in_base64({'alg': 'none', 'typ': 'JWT'})}.{in_base64(one.claims)}."


def signed_with_the_public_key(flow: Flow) -> None:
    """HS256, the secret being what everybody can read: the best known mistake of libraries."""
    flow.header, flow.key = {"alg": "HS256", "kid": "k1"}, rsa("k1").as_pem(private=False)


def signed_by_a_stranger(flow: Flow) -> None:
    flow.key = rsa("stranger")


def signed_under_another_name(flow: Flow) -> None:
    flow.header["kid"], flow.key = "stranger", rsa("stranger")


def signed_with(name: str, key: Callable[[], RSAKey]) -> Mutation:
    def bend(flow: Flow) -> None:
        flow.header["kid"], flow.key = name, key()

    return bend


def issued_in_the_future(flow: Flow) -> None:
    for name in ("iat", "exp"):
        flow.claims[name] += 600


def tampered(flow: Flow) -> None:
    def bend(one: Flow) -> str:
        first, _, last = signed(one.header, one.claims, one.key).split(".")
        return f"{first}.{in_base64({**one.claims, 'sub': 'the boss'})}.{last}"

    flow.token = bend


def payload(text: bytes) -> Mutation:
    def bend(flow: Flow) -> None:
        flow.token = lambda one: signed(one.header, text, one.key)

    return bend


def says_twice(flow: Flow) -> None:
    flow.token = lambda one: signed(one.header, f'{{"sub": "x", {json.dumps(one.claims)[1:]}'.encode(), one.key)


def repeated_state(flow: Flow) -> None:
    flow.extra_query = f"&state={flow.query['state']}"


def bad_cookie(flow: Flow) -> None:
    flow.cookie = flow.cookie[:-8] + ("AAAAAAA=" if not flow.cookie.endswith("AAAAAAA=") else "BBBBBBB=")


def no_cookie(flow: Flow) -> None:
    flow.cookie = ""


STATE: Final[Mapping[str, Wrong]] = {
    "no state": Wrong("state_differs", query(state=None)),
    "another state": Wrong("state_differs", query(state="A" * 43)),
    "an empty state": Wrong("state_differs", query(state="")),
    "the state twice": Wrong("state_differs", repeated_state),
    "a browser that never set out": Wrong("attempt_unknown", no_cookie),
    "an altered attempt": Wrong("attempt_unknown", bad_cookie),
}
ANSWER: Final[Mapping[str, Wrong]] = {
    "the answer of another provider": Wrong("answer_issuer", query(iss="https://another.example")),
    "an answer that does not say whose it is": Wrong("answer_issuer", query(iss=None)),
    "an error": Wrong("provider_refused", query(error="access_denied", code=None)),
    "an error beside a code": Wrong("provider_refused", query(error="access_denied")),
    "no code": Wrong("code_missing", query(code=None)),
    "a code of 3 KiB": Wrong("code_missing", query(code="c" * 3000)),
    "no ID token": Wrong("token_missing", answered(id_token=None)),
    "no access token": Wrong("token_missing", answered(access_token=None)),
    "an ID token that is no text": Wrong("token_missing", answered(id_token={"alg": "none"})),
    "another access token": Wrong("token_access_hash", answered(access_token="another")),
    "an error in the place of tokens": Wrong("code_refused", answered(error="invalid_grant")),
    "an access token of a kind we do not know": Wrong("upstream_bad_answer", answered(token_type="mac")),
    "user info of somebody else": Wrong("userinfo_subject", told(sub="the boss")),
    "user info of nobody": Wrong("userinfo_subject", told(sub=None)),
    "a group that means nothing here": Wrong("no_role", told(groups=["cooks"])),
    "no group": Wrong("no_role", told(groups=[])),
    "groups that are no words": Wrong("no_role", told(groups={"cc-leads": True})),
    "a name that is no agent's": Wrong("no_agent", told(preferred_username="nobody")),
    "no name": Wrong("name_missing", told(preferred_username=None)),
}
SIGNATURE: Final[Mapping[str, Wrong]] = {
    "alg none": Wrong("token_algorithm", unsigned),
    "HS256 with the public key as the secret": Wrong("token_algorithm", signed_with_the_public_key),
    "an algorithm nobody chose": Wrong("token_algorithm", head(alg="RS512")),
    "the key of a stranger": Wrong("token_signature", signed_by_a_stranger),
    "the key and name of a stranger": Wrong("token_key", signed_under_another_name),
    "altered claims": Wrong("token_signature", tampered),
    "a key's name that climbs": Wrong("token_key", head(kid="../../../../dev/null")),
    "a key's name that is a query": Wrong("token_key", head(kid="k1' OR '1'='1")),
    "a key from elsewhere (jku)": Wrong("token_header", head(jku="https://another.example/jwks")),
    "a certificate from elsewhere (x5u)": Wrong("token_header", head(x5u="https://another.example/x5c")),
    "its own key (jwk)": Wrong("token_header", head(jwk=public(rsa("stranger")))),
    "an extension that must be understood": Wrong("token_header", head(crit=["exp"])),
    "a token of 30 kB": Wrong("token_form", claim(filler="x" * 20_000)),
    "a token of 100 kB": Wrong("upstream_unknown", claim(filler="x" * 100_000)),
    "a token of two parts": Wrong("token_form", answered(id_token="eyJhbGciOiJSUzI1NiJ9.e30")),
    "claims that are no object": Wrong("token_form", payload(b"[]")),
    "claims that are no JSON": Wrong("token_form", payload(b"{")),
    "claims that hold NaN": Wrong("token_form", payload(b'{"exp": NaN}')),
    "claims that say something twice": Wrong("token_form", says_twice),
    "a key too short to count": Wrong("token_signature", signed_with("short", short_rsa)),
    "a key for encryption": Wrong("token_key", signed_with("sealing", lambda: rsa("sealing"))),
    "a curve's key under an RSA algorithm": Wrong("token_key", head(kid="e1")),
}
CLAIMS: Final[Mapping[str, Wrong]] = {
    "another issuer": Wrong("token_issuer", claim(iss="https://another.example")),
    "an issuer with a slash more": Wrong("token_issuer", lambda flow: flow.claims.update(iss=flow.claims["iss"] + "/")),
    "no issuer": Wrong("token_issuer", claim(iss=None)),
    "for somebody else": Wrong("token_audience", claim(aud="another")),
    "for us and others, asked for by nobody": Wrong("token_audience", claim(aud=["tieline", "another"])),
    "for us, asked for by another": Wrong("token_audience", claim(azp="another")),
    "for nobody": Wrong("token_audience", claim(aud=[])),
    "no audience": Wrong("token_audience", claim(aud=None)),
    "over": Wrong("token_expired", later("exp", -120)),
    "without an end": Wrong("token_expired", claim(exp=None)),
    "an end that is text": Wrong("token_expired", claim(exp="4102444800")),
    "an end that is yes": Wrong("token_expired", claim(exp=True)),
    "good for a year": Wrong("token_expired", later("exp", 365 * 24 * 3600)),
    "issued an hour ago": Wrong("token_issued", lambda flow: flow.claims.update(iat=flow.claims["iat"] - 3600)),
    "issued in the future": Wrong("token_issued", issued_in_the_future),
    "never issued": Wrong("token_issued", claim(iat=None)),
    "not yet good": Wrong("token_not_yet", later("nbf", 600)),
    "another nonce": Wrong("token_nonce", claim(nonce="another")),
    "no nonce": Wrong("token_nonce", claim(nonce=None)),
    "an access token's hash that is wrong": Wrong("token_access_hash", claim(at_hash="A" * 22)),
    "a weaker way of signing in": Wrong("token_acr", claim(acr="password")),
    "no word on the way of signing in": Wrong("token_acr", claim(acr=None)),
    "about nobody": Wrong("token_subject", claim(sub=None)),
    "about somebody without a name": Wrong("token_subject", claim(sub="")),
    "about somebody with a very long name": Wrong("token_subject", claim(sub="s" * 256)),
    "about a number": Wrong("token_subject", claim(sub=1001)),
}  # fmt: skip
ALL: Final[Mapping[str, Wrong]] = {**STATE, **ANSWER, **SIGNATURE, **CLAIMS}
