"""Follow the database: what is published or imported is what calls are decided from, within a second."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Protocol

import structlog

from aiguillage import event_loop
from aiguillage.desk.last_known_good import LastKnownGood, file_of
from aiguillage.desk.measuring import Meters
from aiguillage.desk.parts import Health
from aiguillage.desk.snapshot import Snapshot, load_presences, load_snapshot
from aiguillage.errors import AiguillageError, NotFound
from aiguillage.settings import Settings
from aiguillage.store.database import Database
from aiguillage.store.notices import Notices
from aiguillage.store.revisions import revisions
from aiguillage.store.soundness import Watched, look

log = structlog.get_logger()

FOLLOW_EVERY = 1.0
"""Seconds between two looks at the database for what another process has published."""
FOLLOWED_WITHIN = 10
"""Seconds since the last look that found the database; then /readyz says how old the plan may be."""


class Follower(Protocol):
    """Who acts on what is followed."""

    async def accept(self, before: Snapshot | None, fresh: Snapshot) -> Snapshot | None:
        """What calls are to be decided from, now that there is `fresh`; None: it is to be tried again."""
        ...

    async def in_step(self) -> None:
        """The database answers, and what is in it is followed. Raises StoreUnavailable."""
        ...

    async def look(self) -> None:
        """A look is over, whatever came of it."""
        ...


class OnlyReading:
    """Takes everything as it is."""

    async def accept(self, before: Snapshot | None, fresh: Snapshot) -> Snapshot | None:
        return fresh

    async def in_step(self) -> None:
        return

    async def look(self) -> None:
        return


class Following:
    """Owned by the event loop. `snapshot` is replaced in one assignment; everybody else only reads it.

    `passed_over` is the version that Asterisk did not take, 0 where there is none; `trunk_passwords` their revision.
    """

    def __init__(self, settings: Settings, database: Database, meters: Meters) -> None:
        self._database, self._meters = database, meters
        self._kept = LastKnownGood(file_of(settings), database)
        self._watched = Watched(database)
        self._notices = Notices(database, self._noticed)
        self._look = asyncio.Event()
        self._as_of: datetime | None = None
        self._compared = False
        self._told = ""
        self.follower: Follower = OnlyReading()
        self.snapshot: Snapshot | None = None
        self.passed_over = 0
        self.trunk_passwords = 0

    async def begin(self) -> None:
        """The database has the last word; where it is away, damaged or empty, calls go on as they were decided last."""
        self._loop = asyncio.get_running_loop()
        damage = await asyncio.to_thread(look, self._database)
        if not damage:
            await self._try_to_follow()
        kept = await self._kept.recall() if self.snapshot is None else None
        if damage and kept is None:
            await self._try_to_follow()
        if damage:
            log.error("database_damaged", error=damage)
            self._watched.close_off(damage)
        if self.snapshot is None and kept is not None:
            self.snapshot, self._as_of = kept.snapshot, kept.at
            log.warning("follows_last_known_good", version=kept.snapshot.plan_version, as_of=kept.at.isoformat())

    def start(self) -> None:
        self._notices.start()
        self._kept.start()

    async def run(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FOLLOW_EVERY):
                    await self._look.wait()
            self._look.clear()
            await self._try_to_follow()
            await self.follower.look()

    async def close(self) -> None:
        await self._kept.close()
        await asyncio.to_thread(self._notices.close)

    @property
    def version(self) -> int:
        """The plan that calls follow; 0 before the first."""
        return self.snapshot.plan_version if self.snapshot else 0

    @property
    def health(self) -> Health:
        snapshot = self.snapshot
        if snapshot is None:
            return Health(ok=False, reason="no plan has been published yet")
        told = f"plan version {snapshot.plan_version}"
        age = int((datetime.now(UTC) - self._as_of).total_seconds()) if self._as_of else 0
        late = f"{told}, as of {age} s ago: what was published since is not known"
        return Health(ok=True, reason=told if age <= FOLLOWED_WITHIN else late)

    def _noticed(self) -> None:
        """From a thread: another process has changed something."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: we have stopped
            self._loop.call_soon_threadsafe(self._look.set)

    async def _try_to_follow(self) -> None:
        """Whatever the database does, the next look comes; what is wrong is told once."""
        try:
            await self._follow_once()
        except AiguillageError as wrong:
            if str(wrong) != self._told:
                log.warning("keeps_last_plan", error=str(wrong))
            self._told = str(wrong)
        except Exception:  # a damaged row reads as anything
            log.exception("keeps_last_plan")
        else:
            if self._told:
                log.info("database_is_back")
            self._told = ""

    async def _follow_once(self) -> None:
        """Take up what has been published or imported since the last look."""
        before = self.snapshot
        await asyncio.to_thread(self._watched.look_again)
        fresh = await asyncio.to_thread(self._newer_snapshot, before if self._compared else None)
        self._meters.looked()
        if fresh is not None:
            await self._take_up(before, fresh)
        self._as_of = datetime.now(UTC)
        await self.follower.in_step()

    async def _take_up(self, before: Snapshot | None, fresh: Snapshot) -> None:
        accepted = await self.follower.accept(before, fresh)
        if accepted is None:
            return
        self.snapshot, self._compared = accepted, True
        self._kept.keep(accepted)
        event_loop.keep()
        log.info("follows_plan", version=accepted.plan_version, directory=accepted.directory_revision)

    def _newer_snapshot(self, known: Snapshot | None) -> Snapshot | None:
        with self._database.reading() as session:
            now = revisions(session)
        self.trunk_passwords = now.trunks
        if known and now.plan in {known.plan_version, self.passed_over} and now.directory == known.directory_revision:
            if known.presence_revision == now.presence:
                self._kept.confirm()
                return None
            return load_presences(self._database, known)
        try:
            return load_snapshot(self._database)
        except NotFound:
            return None
