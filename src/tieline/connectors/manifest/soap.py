"""How a manifest calls an operation of a SOAP service by the name it has in a WSDL file of the connector's folder."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationInfo

from tieline.connectors.manifest.part import Part

FOLDER: Final = "folder"
"""What the connector's folder is called in the context a manifest is validated in."""


def _in_the_folder(name: str, info: ValidationInfo) -> str:
    """Return the whole path of a file that lies in the connector's folder. Raises: ValueError: it does not."""
    folder: Path | None = (info.context or {}).get(FOLDER)
    if folder is None:
        return name
    if not (folder / name).is_file():
        message = f"there is no file {name} in the connector's folder"
        raise ValueError(message)
    return str((folder / name).absolute())


class SoapCall(Part):
    """An operation and what it is given, by the names of the WSDL. `port` where the service has several.

    `header` is a tree like `xml`, of the configuration alone: what a service wants beside the body (WS-Security).
    """

    wsdl: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}\.wsdl$"), AfterValidator(_in_the_folder)]
    operation: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,200}$")]
    port: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    header: dict[str, Any] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
