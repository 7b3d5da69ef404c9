"""What a caller must show to each simulated system, read from `access.yaml` beside this file."""

from importlib.resources import files
from typing import Final

import yaml

ACCESS: Final[dict[str, dict[str, str]]] = yaml.safe_load(files("tieline.sandbox").joinpath("access.yaml").read_text("utf-8"))
