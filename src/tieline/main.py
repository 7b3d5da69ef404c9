"""The root: reads settings, and is what the command line calls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from tieline.cli import app as command_line
from tieline.cli.root import Progress, Serving
from tieline.connectors.registry import Catalog
from tieline.domain.audit_chain import Checkpoint, Verdict
from tieline.observability.logs import set_up_logs
from tieline.security.audit_signing import AuditChecker, AuditSigner
from tieline.security.egress import Egress
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys, audit_chain, doctor, secret_keeping
from tieline.services.access import refuse_open_door_to_others
from tieline.services.api_keys import KeyWish
from tieline.services.apply import Change, apply
from tieline.services.batch import afar, exporting, feedback_importing, importing
from tieline.services.break_glass import keeping as break_glass
from tieline.services.connectors import Trial
from tieline.services.house import House
from tieline.services.privacy import breach, copying, erasing, reapplying
from tieline.services.privacy.erasing import Erasure
from tieline.services.privacy.subject import Wanted
from tieline.services.reports import bi, counting
from tieline.services.secret_keeping import Inventory, Rotation
from tieline.settings import Settings, env_example
from tieline.store.breach import Period
from tieline.store.migrate import head_revision, upgrade
from tieline.wiring import applying, database_of, house_of, key_file_of
from tieline.worker import run as worker

T = TypeVar("T")
CONSOLE = Caller(actor="console", role="admin", scopes=frozenset(PERMISSIONS))
"""Whoever may run commands on the server's own machine."""


def run() -> None:
    """Be the command `tieline`."""
    command_line.run(command_line.build(Tieline(Settings())))


class Tieline:
    """The program as the command line sees it: `tieline.cli.root.Root`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.catalog = Catalog()
        self._log_from("warning")  # A command that ends by itself says on the screen what it did.

    def env_example(self) -> str:
        """Return the text of `.env.example`."""
        return env_example()

    def serve(self, *, host: str | None, port: int | None, workers: int, with_worker: bool, progress: Progress) -> None:
        """Serve until told to stop."""
        wished = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        settings = self._settings.model_copy(update=wished)
        self._log_from(settings.log_level)
        refuse_open_door_to_others(settings.auth, settings.host)
        from tieline import serving  # noqa: PLC0415 - heavy: a second, for which no other command waits

        serving.serve(settings, processes=workers, with_worker=with_worker, progress=progress)

    def work(self, *, concurrency: int, progress: Progress) -> None:
        """Work off jobs until told to stop."""
        self._log_from(self._settings.log_level)
        with database_of(self._settings, progress) as url:
            asyncio.run(self._within_house(url, lambda house: worker.run(house, url, concurrency=concurrency)))

    def migrate(self, *, progress: Progress) -> str:
        """Bring the schema to head."""
        if self._settings.database_url is not None:
            upgrade(self._settings.database_url.get_secret_value())
        else:
            with database_of(self._settings, progress):
                pass
        return head_revision()

    def apply(self, path: Path, *, dry_run: bool) -> tuple[Change, ...]:
        """Make what is set up match a file."""

        async def carry_out(url: str) -> tuple[Change, ...]:
            async with applying(self._settings, url, self.catalog) as tools:
                return await apply(tools, path, dry_run=dry_run)

        with database_of(self._settings, say_nothing) as url:
            return asyncio.run(carry_out(url))

    def examine(self) -> Sequence[doctor.Finding]:
        """Check everything a running server needs."""
        return self._once(lambda house: doctor.examine(house, data_dir=self._settings.data_dir))

    def create_key(self, *, name: str, scopes: Sequence[str], agent: str | None, days: int) -> str:
        """Make an API key."""
        wish = KeyWish(name=name, scopes=tuple(scopes), agent=agent, life=timedelta(days=days))
        text, _ = self._once(lambda house: api_keys.create(house.database, wish, asker=CONSOLE, now=house.clock()))
        return text

    def set_local_admin(self, name: str, password: str, *, anew: bool) -> str:
        """Make a local administrator, or renew one."""
        return self._once(lambda house: break_glass.set_up(house, name, password, anew=anew, caller=CONSOLE))

    def remove_local_admins(self, name: str | None) -> Sequence[str]:
        """Take local administrators away."""
        return self._once(lambda house: break_glass.take_away(house, name, caller=CONSOLE))

    def grant_bi(self, name: str) -> str:
        """Let a BI tool in."""
        return self._once(lambda house: bi.grant(house.tickets, name, by=CONSOLE))

    def revoke_bi(self, name: str) -> None:
        """Let a BI tool in no more."""
        self._once(lambda house: bi.revoke(house.tickets, name, by=CONSOLE))

    def rebuild_reports(self, *, told: Callable[[int, int], None]) -> int:
        """Count every figure anew."""
        return self._once(lambda house: counting.count_anew(house.tickets, now=house.clock(), told=told))

    def verify_audit(self, kept: Sequence[Checkpoint], *, public_key: str | None) -> Verdict:
        """Walk the audit chain."""

        async def walk(house: House) -> Verdict:
            checker = AuditChecker.parse(public_key) if public_key else AuditSigner.of(house.box).checker
            return await audit_chain.verify(house.database, checker, elsewhere=kept, now=house.clock())

        return self._once(walk)

    def audit_checkpoints(self) -> Sequence[Checkpoint]:
        """Return the signed checkpoints."""
        return self._once(lambda house: audit_chain.stated(house.database))

    def audit_key(self) -> str:
        """Return the public key of the checkpoints."""

        async def key(house: House) -> str:
            return AuditSigner.of(house.box).checker.text

        return self._once(key)

    def export_subject(self, wanted: Wanted) -> dict[str, Any]:
        """Copy what is kept of one person."""
        return self._once(lambda house: copying.export(house.desk, wanted, caller=CONSOLE))

    def erase_subject(self, wanted: Wanted, *, dry_run: bool) -> Erasure:
        """Erase one person."""
        return self._once(lambda house: erasing.erase(house.desk, house.box, wanted, caller=CONSOLE, dry_run=dry_run))

    def lift_erasure(self, erasure_id: UUID, reason: str) -> None:
        """Let somebody come back."""
        self._once(lambda house: erasing.lift(house.desk, erasure_id, reason, caller=CONSOLE))

    def erased_marks(self) -> Sequence[str]:
        """Return who must not come back, by stand-ins."""
        return self._once(lambda house: reapplying.marks(house.desk))

    def reapply_erasures(self, marks: Sequence[str]) -> dict[str, int]:
        """Erase again whoever a backup brought back."""
        return self._once(lambda house: reapplying.reapply(house.desk, house.box, marks, caller=CONSOLE))

    def breach_pack(self, folder: Path, *, since: datetime, until: datetime | None, actor: str | None) -> breach.Pack:
        """Write who was shown whose data."""
        return self._once(
            lambda house: breach.write_pack(house, Period(since, until or house.clock(), actor), folder, caller=CONSOLE)
        )

    def check_secrets(self) -> Inventory:
        """Open every secret."""
        return self._once(secret_keeping.check)

    def rotate_secrets(self, *, new_key: bool, sm4: bool, data_keys: bool) -> Rotation:
        """Give every secret the newest key."""
        if new_key:
            file = key_file_of(self._settings)
            self._once(lambda house: secret_keeping.add_key(house, file, sm4=sm4, caller=CONSOLE))
        return self._once(lambda house: secret_keeping.rotate(house, new_data_keys=data_keys, caller=CONSOLE))

    def import_phones(self, wish: importing.ImportWish, *, told: importing.Told, source: str = "") -> importing.Tally:
        """Import a file of telephone numbers."""
        if source:
            return self._once(lambda house: afar.import_phones(house, wish, source, self._afar(), asker=CONSOLE, told=told))
        return self._once(lambda house: importing.import_phones(house, wish, asker=CONSOLE, told=told))

    def import_feedback(self, wish: importing.ImportWish, *, told: importing.Told) -> importing.Tally:
        """Import a file of what customers said before."""
        return self._once(lambda house: feedback_importing.import_feedback(house, wish, asker=CONSOLE, told=told))

    def export(self, wish: exporting.ExportWish, *, told: exporting.Told, to: str = "") -> int:
        """Write one kind of data to a file."""
        if to:
            return self._once(lambda house: afar.export(house, wish, to, self._afar(), asker=CONSOLE, told=told))
        return self._once(lambda house: exporting.export(house, wish, asker=CONSOLE, told=told))

    def _afar(self) -> afar.Access:
        settings = self._settings
        password = settings.sftp_password.get_secret_value() if settings.sftp_password else None
        return afar.Access(Egress.parse(settings.private_networks), settings.sftp_known_hosts, settings.sftp_key_file, password)

    @contextlib.asynccontextmanager
    async def open_trial(self, connection: str) -> AsyncIterator[Trial]:
        """Open a configured connection to try it out."""
        with database_of(self._settings, say_nothing) as url:
            async with house_of(self._settings, url, self.catalog) as house:
                yield house.directory.trial(connection)

    @contextlib.asynccontextmanager
    async def demo(self, *, port: int, reachable: Sequence[str], apply_file: Path, progress: Progress) -> AsyncIterator[Serving]:
        """Serve with an open door on loopback, a worker included."""
        from tieline import serving  # noqa: PLC0415 - likewise

        port = port or serving.free_port("127.0.0.1")  # known before the house is built: surveys name our address
        permitted = ",".join(f"127.0.0.1=127.0.0.0/8:{urlsplit(url).port}" for url in reachable)
        settings = self._settings.model_copy(
            update={"auth": "off", "host": "127.0.0.1", "port": port, "private_networks": permitted}
        )
        with database_of(settings, progress) as url:
            async with applying(settings, url, self.catalog) as tools:
                await apply(tools, apply_file)
            async with (
                house_of(settings, url, self.catalog) as house,
                serving.serving(house, settings, url, with_worker=True) as address,
            ):
                yield Serving(address, house)

    def _log_from(self, level: str) -> None:
        """Write log lines from a level on; a level set by the administrator holds for every command."""
        chosen = self._settings.log_level if "log_level" in self._settings.model_fields_set else level
        set_up_logs(level=chosen, log_format=self._settings.log_format)

    def _once(self, use: Callable[[House], Awaitable[T]]) -> T:
        with database_of(self._settings, say_nothing) as url:
            return asyncio.run(self._within_house(url, use))

    async def _within_house(self, url: str, use: Callable[[House], Awaitable[T]]) -> T:
        async with house_of(self._settings, url, self.catalog) as house:
            return await use(house)


def say_nothing(_sentence: str) -> None:
    """Start without a word."""
