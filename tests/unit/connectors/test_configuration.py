from pathlib import Path

import pytest
from tests.connectors.sample import connector

from tieline.connectors.manifest.configuration import settle
from tieline.connectors.manifest.schema import Manifest
from tieline.domain.errors import VendorMisconfigured

FIELDS = {
    "base_url": {"title": "t", "type": "url"},
    "port": {"title": "t", "type": "int", "default": 443},
    "strict": {"title": "t", "type": "bool", "required": False},
    "region": {"title": "t", "type": "choice", "choices": ["cn", "eu"], "default": "cn"},
    "zone": {"title": "t", "type": "timezone", "default": "Asia/Shanghai"},
    "country": {"title": "t", "type": "country", "required": False},
    "note": {"title": "t", "required": False},
    "token": {"title": "t", "secret": True},
}
CONFIG = {"base_url": "https://x.example/"}
SECRETS = {"token": "s3cr3t"}


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return connector(tmp_path, config=FIELDS).manifest


def test_values_get_their_types_and_defaults(manifest: Manifest) -> None:
    given = {**CONFIG, "port": "8443", "strict": "true", "country": "DE"}
    assert settle(manifest, given, SECRETS) == {
        "base_url": "https://x.example",
        "port": 8443,
        "strict": True,
        "region": "cn",
        "zone": "Asia/Shanghai",
        "country": "DE",
        "note": None,
        "token": "s3cr3t",
    }


@pytest.mark.parametrize(
    ("config", "secrets", "told"),
    [
        ({}, SECRETS, "the field base_url is missing or empty"),
        (CONFIG, {}, "the secret token is missing or empty"),
        (CONFIG, {"token": ""}, "the secret token is missing or empty"),
        (CONFIG, {"token": "  "}, "the secret token is missing or empty"),
        ({**CONFIG, "prot": 1}, SECRETS, "there is no field 'prot'; did you mean port?"),
        ({**CONFIG, "token": "x"}, {}, "token belongs under secrets"),
        (CONFIG, {**SECRETS, "note": "x"}, "note belongs under config"),
        ({"base_url": "x.example"}, SECRETS, "base_url must be a URL"),
        ({**CONFIG, "port": "many"}, SECRETS, "port must be a whole number"),
        ({**CONFIG, "port": True}, SECRETS, "port must be a whole number"),
        ({**CONFIG, "strict": "yes"}, SECRETS, "strict must be true or false"),
        ({**CONFIG, "region": "us"}, SECRETS, "region must be one of cn, eu"),
        ({**CONFIG, "zone": "Mars/Olympus"}, SECRETS, "zone must be a time zone"),
        ({**CONFIG, "zone": "../etc/passwd"}, SECRETS, "zone must be a time zone"),
        ({**CONFIG, "country": "cn"}, SECRETS, "country must be a country in two capital letters"),
    ],
)
def test_what_does_not_fit_the_form_is_told(
    manifest: Manifest, config: dict[str, object], secrets: dict[str, str], told: str
) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        settle(manifest, config, secrets)
    assert told in caught.value.detail


def test_all_faults_are_told_and_no_value_is(manifest: Manifest) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        settle(manifest, {"port": "canary", "zone": "canary"}, {})
    assert caught.value.detail.count(";") == 3
    assert "canary" not in str(caught.value)
    assert caught.value.code == "secret_missing"
