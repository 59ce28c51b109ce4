"""Take into the journal what happened while nobody listened: from the file that Asterisk writes by itself.

The file is read every few seconds, and at once after each login to Asterisk. Mostly it tells nothing new. What it tells
is written in the transaction that notes how far it was read; a file that was read to its end is removed.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.call_file import NOTHING_KNOWN, CallBegan, CallFile, Known, Piece, is_settled
from aiguillage.asterisk.events import CallEvent
from aiguillage.desk.hearing import Heard
from aiguillage.desk.journalling import event_records
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.errors import AsteriskUnavailable, NotFound, StoreUnavailable
from aiguillage.routing.numbers import E164, from_signalling
from aiguillage.settings import Settings
from aiguillage.store import journal, missed, once, plans
from aiguillage.store.database import Database, Session
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.retention import PSEUDONYM, reduced

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two looks into the file."""
WRITTEN_AFTER = 0.2
"""Seconds within which Asterisk has mostly written the line that it was at when the file was set aside."""
HEARD_AFTER = 1.0
"""Seconds within which what was heard of a line is in the journal, so that it need not be looked up."""
SURELY_WRITTEN = timedelta(seconds=10)
"""After that, a call that Asterisk does not have any more, and whose end is in no file, was interrupted."""
LONGEST_CALL = timedelta(days=30)
"""Calls that began earlier are not looked for any more."""
_FILES_KEPT = timedelta(days=30)
_OUTSIDE = re.compile(r"\+?[0-9]{7,15}")


@dataclass(slots=True)
class TakenIn:
    """The calls that were in the file and not in the journal, and how many events."""

    calls: list[DecisionRecord] = field(default_factory=list)
    events: int = 0


def take_in(
    settings: Settings,
    database: Database,
    snapshot: Snapshot | None,
    now: datetime,
    *,
    known: Known = NOTHING_KNOWN,
    patience: float = WRITTEN_AFTER,
) -> TakenIn:
    """Read what Asterisk has written until now; from a thread. It may be broken off and done again, by anybody.

    `known`: the calls that the journal has; `patience`: seconds between setting the file aside and reading it. After
    SETTLED nothing of it is left in any file. Raises AsteriskUnavailable where the files cannot be used,
    StoreUnavailable.
    """
    files, done = CallFile(settings.call_events, settings.node), TakenIn()
    files.set_aside()
    if found := files.aside():
        time.sleep(patience)
        teller = _Teller(snapshot or _published(database), now - timedelta(days=settings.keep_numbers_days), now)
        for file in found:
            settled = is_settled(file)
            _read(database, files, file, teller, known, done)
            if settled:
                files.remove(file)
    if done.calls or done.events:
        log.info("journal_completed", calls=len(done.calls), events=done.events)
    return done


def _published(database: Database) -> Snapshot | None:
    try:
        return load_snapshot(database)
    except NotFound:
        return None


def _read(database: Database, files: CallFile, file: Path, teller: "_Teller", known: Known, done: TakenIn) -> None:
    identity = files.identity(file)
    with database.reading() as session:
        offset = once.offset(session, identity)
    while piece := files.read(file, offset, known):
        with database.writing() as session:
            calls, events = _write(session, piece, teller)
            once.set_offset(session, once.Read(identity, piece.end, teller.now))
            once.forget_files(session, teller.now - _FILES_KEPT)
        done.calls += calls
        done.events += len(events)
        offset = piece.end
        if piece.odd:
            log.warning("call_file_odd", lines=piece.odd, file=str(file))


def _write(session: Session, piece: Piece, teller: "_Teller") -> tuple[Sequence[DecisionRecord], Sequence[EventRecord]]:
    """The calls and events that were new."""
    began = [*teller.decisions(session, [each for each in piece.told if isinstance(each, CallBegan)])]
    happened = [*teller.events([each for each in piece.told if isinstance(each, CallEvent)])]
    calls, events = once.found(session, began, happened)
    missed.tell(session, events)
    return calls, events


@dataclass(frozen=True, slots=True)
class _Teller:
    """Says what the file tells as the journal has it. Numbers of calls before `numbers_since` are not kept any more."""

    snapshot: Snapshot | None
    numbers_since: datetime
    now: datetime

    def decisions(self, session: Session, began: Iterable[CallBegan]) -> Iterator[DecisionRecord]:
        """Calls of a time before anything was published are none of ours."""
        for each in began:
            version = plans.version_at(session, each.at) or plans.first_version(session)
            if version is not None and each.kind in {"inbound", "simulated", "dialled"}:
                yield self._hidden(self._decision(each, version.number))

    def _decision(self, began: CallBegan, version: int) -> DecisionRecord:
        country = self.snapshot.plan.organisation.country if self.snapshot else "BE"
        kind, caller, called = began.kind, from_signalling(began.caller, country), began.called
        if kind == "dialled":
            owner, _ = self._owner(began.caller)
            outside = bool(_OUTSIDE.fullmatch(called))
            kind, caller = "outgoing" if outside else "internal", E164(owner or began.caller)
        called = (from_signalling(called, country) if _OUTSIDE.fullmatch(called) else None) or called
        trace = {once.RECOVERED: True, "at": began.at.isoformat()}
        id_ = once.recovered_id(began.call, kind)
        return DecisionRecord(id_, began.call, began.at, kind, caller, called, None, version, [], trace)

    def _owner(self, line: str) -> tuple[str | None, str | None]:
        return self.snapshot.owners.get(line, (None, None)) if self.snapshot else (None, None)

    def _hidden(self, decision: DecisionRecord) -> DecisionRecord:
        if decision.at >= self.numbers_since:
            return decision
        caller, called = decision.caller, decision.called
        hidden = {name: PSEUDONYM for name, each in (("caller", caller), ("called", called)) if each and each[0] == "+"}
        return replace(decision, **hidden, trace=reduced(decision.trace))  # type: ignore[arg-type]

    def events(self, happened: Iterable[CallEvent]) -> Iterator[EventRecord]:
        for record in event_records(happened, self.snapshot):
            hidden = record.at < self.numbers_since and str(record.detail.get("line", "")).startswith("+")
            yield replace(record, detail={**record.detail, "line": PSEUDONYM}) if hidden else record


class CatchingUp:
    """Owned by the event loop. While `level` is not set, news of Asterisk wait: what came before them is read.

    `tells_apart`: this node's calls are known from those of other nodes; else no call is taken for interrupted.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        link: ManagerLink,
        live: LiveCalls,
        heard: Heard,
        snapshot: Callable[[], Snapshot | None],
    ) -> None:
        self._heard = heard
        self._settings, self._database, self._link, self._live = settings, database, link, live
        self._snapshot = snapshot
        self._reading = asyncio.Lock()
        self._told_of = ""
        self._gone: dict[str, datetime] = {}
        self.level = asyncio.Event()
        self.level.set()
        self.tells_apart = not settings.node  # else once its name is known

    async def run(self) -> None:
        """Every few seconds, for ever."""
        dropped = self._link.dropped
        while True:
            await self._take_in(HEARD_AFTER)
            await self._interrupt(datetime.now(UTC) - SURELY_WRITTEN)
            if self._link.dropped > dropped:  # events came faster than they were read
                dropped = self._link.dropped
                log.warning("ami_events_lost", number=dropped)
                self._heard.gap()
                await self.resynchronise()
            await asyncio.sleep(EVERY)

    async def after_login(self) -> None:
        """Events were missed: the journal has them before the next one is taken."""
        self.level.clear()
        self._heard.gap()
        try:
            await self.resynchronise()
        finally:
            self.level.set()

    async def resynchronise(self) -> None:
        """See which calls there are, and end those that there are not."""
        shown, asked = self._live.known(), datetime.now(UTC)
        try:
            there = await self._link.calls_and_channels()
            await self._take_in()
            self.level.set()
            self._live.still_there(there, shown)
            found = await asyncio.to_thread(self._compare, there - shown, there, asked)
            known = self._live.known()
            for record in found:
                if record.call not in known:
                    self._live.told(record)
            self._live.still_there(await self._link.calls_and_channels(), shown | {each.call for each in found})
        except (AsteriskUnavailable, StoreUnavailable) as wrong:
            log.warning("calls_not_compared", error=str(wrong))

    async def _take_in(self, patience: float = WRITTEN_AFTER) -> None:
        async with self._reading:
            now = datetime.now(UTC)
            try:
                done = await asyncio.to_thread(
                    take_in,
                    self._settings,
                    self._database,
                    self._snapshot(),
                    now,
                    known=self._heard.whole,
                    patience=patience,
                )
            except (AsteriskUnavailable, StoreUnavailable) as wrong:
                fault = str(wrong)
            else:
                self._tell(done)
                fault = "" if self._settings.call_events.is_dir() else _no_folder(self._settings)
            if fault and fault != self._told_of:
                log.warning("call_file_not_read", error=fault)
            self._told_of = fault

    def _tell(self, done: TakenIn) -> None:
        """Of calls in progress that Asterisk steers alone, who calls whom."""
        known = self._live.known()
        for call in done.calls:
            if call.call in known:
                self._live.told(call)

    def _compare(self, unseen: set[str], there: set[str], at: datetime) -> list[DecisionRecord | EventRecord]:
        """Note which calls are gone without an end; what the journal has of the calls that are not seen live."""
        with self._database.reading() as session:
            prefix = self._settings.call_prefix
            unended = once.unended(session, at - LONGEST_CALL, at, prefix) if self.tells_apart else set[str]()
            for call in unended - there:
                self._gone.setdefault(call, at)
            return [record for call in sorted(unseen) for record in _story(session, call)]

    async def _interrupt(self, before: datetime) -> None:
        """Write down that calls were interrupted which were gone before that; most have got their end meanwhile."""
        due = {call: at for call, at in self._gone.items() if at < before}
        try:
            if due:
                await asyncio.to_thread(self._write_interrupted, due)
        except StoreUnavailable as wrong:
            log.warning("calls_not_ended", number=len(due), error=str(wrong))
        else:
            self._gone = {call: at for call, at in self._gone.items() if call not in due}

    def _write_interrupted(self, due: Mapping[str, datetime]) -> None:
        with self._database.writing() as session:
            ended = [event for call, at in due.items() for event in once.interrupted(session, {call}, at)]
            missed.tell(session, ended)
        if ended:
            log.warning("calls_interrupted", number=len(ended))


def _no_folder(settings: Settings) -> str:
    return (
        f"{settings.call_events} is not there, so the journal has holes; let Asterisk and this user write there, see "
        "asterisk-conf/cel_custom.conf, or correct AIGUILLAGE_CALL_EVENTS_DIR"
    )


def _story(session: Session, call: str) -> Iterator[DecisionRecord | EventRecord]:
    yield from journal.decisions_of(session, call)
    yield from journal.story(session, call)
