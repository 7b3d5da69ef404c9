"""What the commands can ask of the root of the program, which alone reads settings."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from tieline.connectors.registry import Catalog
from tieline.domain.audit_chain import Checkpoint, Verdict
from tieline.services.apply import Change
from tieline.services.batch.exporting import ExportWish
from tieline.services.batch.importing import ImportWish, Tally
from tieline.services.connectors import Trial
from tieline.services.doctor import Finding
from tieline.services.house import House
from tieline.services.privacy.breach import Pack
from tieline.services.privacy.erasing import Erasure
from tieline.services.privacy.subject import Wanted
from tieline.services.secret_keeping import Inventory, Rotation

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server: where it answers, and what it works with."""

    url: str
    house: House


class Root(Protocol):
    """The program as the command line sees it."""

    @property
    def catalog(self) -> Catalog:
        """Return the connectors there are."""

    def env_example(self) -> str:
        """Return the text of `.env.example`."""

    def serve(self, *, host: str | None, port: int | None, workers: int, with_worker: bool, progress: Progress) -> None:
        """Serve until told to stop. None: as the settings say."""

    def work(self, *, concurrency: int, progress: Progress) -> None:
        """Work off jobs until told to stop."""

    def migrate(self, *, progress: Progress) -> str:
        """Bring the schema to head and return its revision."""

    def apply(self, path: Path, *, dry_run: bool) -> tuple[Change, ...]:
        """Make what is set up match a file."""

    def examine(self) -> Sequence[Finding]:
        """Check everything a running server needs."""

    def create_key(self, *, name: str, scopes: Sequence[str], agent: str | None, days: int) -> str:
        """Make an API key and return it; it cannot be shown again."""

    def set_local_admin(self, name: str, password: str, *, anew: bool) -> str:
        """Make a local administrator, or give one a new password and secret; return the `otpauth://` address, this once."""

    def remove_local_admins(self, name: str | None) -> Sequence[str]:
        """Take one local administrator away, or all; return whom."""

    def grant_bi(self, name: str) -> str:
        """Let the database's role `name` read the reporting views; return its password."""

    def revoke_bi(self, name: str) -> None:
        """Take such a role away."""

    def rebuild_reports(self, *, told: Callable[[int, int], None]) -> int:
        """Count every figure anew; `told` hears how much of how much is done. Return how many records were counted."""

    def verify_audit(self, kept: Sequence[Checkpoint], *, public_key: str | None) -> Verdict:
        """Walk the audit chain, also against checkpoints `kept` elsewhere."""

    def audit_checkpoints(self) -> Sequence[Checkpoint]:
        """Return the signed checkpoints of the audit chain."""

    def audit_key(self) -> str:
        """Return the public half of the key that signs them."""

    def export_subject(self, wanted: Wanted) -> dict[str, Any]:
        """Return a copy of everything that is kept of one person."""

    def erase_subject(self, wanted: Wanted, *, dry_run: bool) -> Erasure:
        """Erase one person."""

    def lift_erasure(self, erasure_id: UUID, reason: str) -> None:
        """Let somebody who was erased come back as somebody new."""

    def erased_marks(self) -> Sequence[str]:
        """Return the stand-ins of everybody erased."""

    def reapply_erasures(self, marks: Sequence[str]) -> dict[str, int]:
        """Erase again whoever is known and marked."""

    def breach_pack(self, folder: Path, *, since: datetime, until: datetime | None, actor: str | None) -> Pack:
        """Write who was shown whose data in a period."""

    def check_secrets(self) -> Inventory:
        """Open everything that is sealed, once."""

    def rotate_secrets(self, *, new_key: bool, sm4: bool, data_keys: bool) -> Rotation:
        """Seal everything with the newest key; `new_key`: after making one."""

    def import_phones(self, wish: ImportWish, *, told: Callable[[Tally], None], source: str = "") -> Tally:
        """Import a file of telephone numbers; `source`: the `sftp://` address of one that is elsewhere."""

    def import_feedback(self, wish: ImportWish, *, told: Callable[[Tally], None]) -> Tally:
        """Import a file of what customers said before."""

    def export(self, wish: ExportWish, *, told: Callable[[int], None], to: str = "") -> int:
        """Write one kind of data to a file and return how many rows it has; `to`: the `sftp://` address of one elsewhere."""

    def open_trial(self, connection: str) -> AbstractAsyncContextManager[Trial]:
        """Open a configured connection, with its mapping, to try it out."""

    def demo(
        self, *, port: int, reachable: Sequence[str], apply_file: Path, progress: Progress
    ) -> AbstractAsyncContextManager[Serving]:
        """Serve with an open door on loopback, a worker included; `reachable` are base URLs of simulated systems."""
