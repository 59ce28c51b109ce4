"""Asterisk's generated files follow what calls are decided from: the plan, the directory, the day."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from aiguillage.asterisk.ami import ManagerLink, TwoUsers
from aiguillage.desk.keeping import Keeping
from aiguillage.desk.parts import Health
from aiguillage.desk.provisioning import provision, take_over
from aiguillage.desk.queueing import Queueing
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AiguillageError, StoreUnavailable
from aiguillage.settings import Settings
from aiguillage.store.database import Database

log = structlog.get_logger()

TABLE_EVERY = 30.0
"""Seconds, at least, between two times that Asterisk is given another timetable because the directory has changed."""


class AsteriskFiles:
    """Owned by the event loop. `health` says whether Asterisk has all of it; `trunk_passwords`: their revision.

    `are_lacking`: nothing was written yet, or the database was away when it was to be.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        link: ManagerLink,
        queueing: Queueing,
        trunk_passwords: Callable[[], int],
    ) -> None:
        self._settings, self._database, self._link, self._queueing = settings, database, link, queueing
        self._trunk_passwords = trunk_passwords
        self._two_users = TwoUsers(link, settings)
        self._keeping = Keeping()
        self._writing = asyncio.Lock()
        self._tabled: object = None
        self._table_after = 0.0
        self.health = Health(ok=True, reason="nothing was written for Asterisk yet")

    @property
    def are_lacking(self) -> bool:
        return self._tabled is None

    async def provision(self, snapshot: Snapshot) -> bool:
        """Whether Asterisk has what the plan needs; where it is away, it will be asked once it is there."""
        async with self._writing:
            try:
                self._tabled = self._depends_on(snapshot)
                plan, directory = snapshot.plan, snapshot.directory
                written = await asyncio.to_thread(provision, self._settings, self._database, plan, directory)
                if written is not None and self._link.state == "up":
                    await take_over(self._two_users, written, snapshot.plan)
                    if written.swap.changed:
                        await self._queueing.reloaded(snapshot)
                self._keeping.took(written)
            except AiguillageError as wrong:
                if isinstance(wrong, StoreUnavailable):
                    self._tabled = None  # to be tried again when the database is back; the files are as they were
                self.health = Health(ok=False, reason=f"plan version {snapshot.plan_version}: {wrong}")
                log.error("asterisk_keeps_old_files", version=snapshot.plan_version, error=str(wrong))
                return False
        self.health = Health(ok=True, reason=f"Asterisk has plan version {snapshot.plan_version}")
        return True

    async def keep(self, snapshot: Snapshot) -> None:
        """Write again what somebody else has deleted or altered."""
        async with self._writing:
            health = await self._keeping.look(self._two_users, snapshot.plan, up=self._link.state == "up")
        self.health = health or self.health

    async def keep_timetable(self, snapshot: Snapshot) -> None:
        """Asterisk's own timetable knows today's directory, and goes on for weeks."""
        now = asyncio.get_running_loop().time()
        if self._tabled != self._depends_on(snapshot) and now >= self._table_after:
            self._table_after = now + TABLE_EVERY
            await self.provision(snapshot)

    def _depends_on(self, snapshot: Snapshot) -> object:
        """What the files depend on, besides the plan."""
        return snapshot.directory_revision, datetime.now(UTC).date(), self._trunk_passwords()
