"""The one registry all tables belong to, and how their constraints are named."""

from sqlalchemy import MetaData, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

Instant = TIMESTAMP(timezone=True)
"""Every moment is kept with its zone and read back aware."""

Words = Text
"""Words and identifiers are text without a length: the edge limits what comes in."""
