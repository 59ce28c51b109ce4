"""Write the journal behind the calls: decisions and what happened to each call, in batches, off the event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog

from aiguillage.asterisk.events import CallEvent
from aiguillage.desk.hearing import Heard
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import StoreUnavailable
from aiguillage.store import journal, memory, missed, once, webhooks
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.memory import CalledOut, TurnTaken
from aiguillage.store.webhooks import Happening

log = structlog.get_logger()

Record = DecisionRecord | EventRecord | TurnTaken | CalledOut | Happening


@dataclass(frozen=True, slots=True)
class _Undescribed:
    """A decision that is yet without its reasons."""

    decision: DecisionRecord
    describe: Callable[[], DecisionRecord]

    def described(self) -> DecisionRecord:
        try:
            return self.describe()
        except Exception:  # the others are written all the same
            log.exception("not_described", call=self.decision.call)
            return self.decision


BATCH = 500
PAUSE = 0.4
"""Seconds between two batches: a record is read back at the latest this long after it happened."""
AT_ONCE = 10
"""Records between two breaks while decisions are described: questions of Asterisk come first."""
CAPACITY = 20_000
"""Records kept in memory while the database does not answer; beyond it the newest are counted and dropped."""


class Journalling:
    """Owned by the event loop; only the writing itself runs in a thread. `told` hears of everything at once."""

    def __init__(
        self, database: Database, told: Callable[[DecisionRecord | EventRecord], None] = lambda _: None
    ) -> None:
        self._database = database
        self._told = told
        self._waiting: list[Record | _Undescribed] = []
        self._task: asyncio.Task[None] | None = None
        self._tried = 0
        self._complaint = ""
        self.heard = Heard()
        self._writing = asyncio.Lock()
        self.dropped = 0

    @property
    def backlog(self) -> int:
        return len(self._waiting)

    def decided(self, decision: DecisionRecord) -> None:
        self.heard.decided(decision.call)
        self._tell(decision)
        self._add(decision)

    def decided_so(self, decision: DecisionRecord, describe: Callable[[], DecisionRecord]) -> None:
        """`decision` is yet without its reasons; `describe` takes as long as deciding, and is asked for them later."""
        self.heard.decided(decision.call)
        asyncio.get_running_loop().call_soon(self._tell, decision)
        self._add(_Undescribed(decision, describe))

    def happened(self, event: EventRecord) -> None:
        self._tell(event)
        self._add(event)

    def _tell(self, record: DecisionRecord | EventRecord) -> None:
        try:
            self._told(record)
        except Exception:  # whoever looks on must not keep a call from its answer
            log.exception("not_shown")

    def remember(self, fact: TurnTaken | CalledOut) -> None:
        self._add(fact)

    def tell(self, happening: Happening) -> None:
        """Tell webhooks."""
        self._add(happening)

    def _add(self, record: Record | _Undescribed) -> None:
        if len(self._waiting) >= CAPACITY:
            self.dropped += 1
            self.heard.gap()
        else:
            self._waiting.append(record)

    @contextlib.asynccontextmanager
    async def standing_still(self) -> AsyncIterator[bool]:
        """Within the block nothing is written; whether it is known of all that is waiting that it was not written."""
        async with self._writing:
            yield not self._tried

    def waiting_facts(self) -> Iterator[TurnTaken | CalledOut]:
        """What was to be remembered and is not written yet."""
        return (each for each in self._waiting if isinstance(each, TurnTaken | CalledOut))

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="journal")

    async def close(self) -> None:
        """Write what is left, then stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        while self._waiting and await self._write_batch():
            pass

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            async with self._writing:
                while self._waiting and await self._write_batch():
                    pass

    async def _write_batch(self) -> bool:
        """Whether a batch was written; one that was not stays and is tried again, the very same: it may have been
        written, and only the answer be lost."""
        is_again, batch = bool(self._tried), await self._described(self._tried or BATCH)
        self._tried = len(batch)
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, batch, is_again=is_again))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            with contextlib.suppress(StoreUnavailable):  # `close` tries once more
                await writing
                self._written(batch)
            raise
        except StoreUnavailable as wrong:
            if str(wrong) != self._complaint:
                log.warning("journal_waits", backlog=self.backlog, dropped=self.dropped, error=str(wrong))
            self._complaint = str(wrong)
            return False
        self._written(batch)
        return True

    async def _described(self, most: int) -> list[Record]:
        """The first that wait."""
        for place, record in enumerate(self._waiting[:most]):
            if isinstance(record, _Undescribed):
                self._waiting[place] = record.described()
                if place % AT_ONCE == 0:
                    await asyncio.sleep(0)
        return [record for record in self._waiting[:most] if not isinstance(record, _Undescribed)]

    def _written(self, batch: list[Record]) -> None:
        self.heard.written(batch)
        del self._waiting[: len(batch)]
        self._tried = 0
        if self._complaint and not self._waiting:
            log.info("journal_goes_on", dropped=self.dropped)
            self._complaint = ""

    def _write(self, batch: list[Record], *, is_again: bool = False) -> None:
        with self._database.writing(spares_disk=True) as session:
            if is_again and journal.has_any(session, [each.id for each in batch if isinstance(each, DecisionRecord)]):
                return
            happened = [record for record in batch if isinstance(record, EventRecord)]
            decided = [record for record in batch if isinstance(record, DecisionRecord)]
            missed.tell(session, once.told(session, decided, happened))
            for each in batch:
                if isinstance(each, Happening):
                    webhooks.tell(session, each.at, each.event, each.data)
            memory.write(
                session,
                [record for record in batch if isinstance(record, TurnTaken)],
                [record for record in batch if isinstance(record, CalledOut)],
            )


def event_records(happened: Iterable[CallEvent], snapshot: Snapshot | None) -> Iterator[EventRecord]:
    """The events as the journal keeps them: with the person and the phone that a SIP endpoint or a number means."""
    owners = snapshot.owners if snapshot else {}
    for event in happened:
        person, phone = owners.get(event.line or "", (None, None))
        yield EventRecord(
            call=event.call,
            at=event.at,
            kind=event.kind,
            leg=event.leg,
            person=event.person or person,
            phone=phone,
            detail={**event.detail, **({"line": event.line} if event.line else {})},
        )
