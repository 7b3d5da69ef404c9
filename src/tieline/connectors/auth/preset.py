"""Find a signature that comes with the product, written as a manifest would write it."""

from functools import cache
from importlib.resources import files

from tieline.connectors.auth import presets
from tieline.connectors.manifest.signing import SignAuth
from tieline.kit.yaml_lines import parse_with_lines


@cache
def preset(name: str) -> SignAuth:
    """Return the steps of the kind `name`."""
    return SignAuth.model_validate(parse_with_lines((files(presets) / f"{name}.yaml").read_text("utf-8")).tree)
