"""One Asterisk, and everything that the service does beside it: it answers, listens, writes, and keeps in step."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from aiguillage.asterisk import trunks
from aiguillage.asterisk.ami import ManagerLink, TwoUsers
from aiguillage.asterisk.events import CallEvent, Interpreter
from aiguillage.asterisk.fastagi import Listener, Route
from aiguillage.asterisk.loops import came_back
from aiguillage.asterisk.originating import not_placed
from aiguillage.asterisk.provisioning.voices import voice
from aiguillage.asterisk.queues import not_answered
from aiguillage.asterisk.systemname import misnamed, remedy, systemname
from aiguillage.desk.announcing import Announcing
from aiguillage.desk.answering import Answering
from aiguillage.desk.asterisk_files import AsteriskFiles
from aiguillage.desk.calling import Calling
from aiguillage.desk.catching_up import CatchingUp
from aiguillage.desk.journalling import Journalling, event_records
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.measuring import Meters
from aiguillage.desk.memory import Memory, numbers_kept
from aiguillage.desk.messages import MessageBook
from aiguillage.desk.nodes import Reporting
from aiguillage.desk.parts import Health
from aiguillage.desk.queueing import Queueing
from aiguillage.desk.retaining import Retained, forget_messages
from aiguillage.desk.snapshot import Snapshot
from aiguillage.desk.trunks import Trunks
from aiguillage.errors import AsteriskUnavailable, SettingRefused, StoreUnavailable
from aiguillage.following import Following
from aiguillage.ports import port_taken
from aiguillage.routing import hours
from aiguillage.routing.presence import Presence
from aiguillage.settings import Settings
from aiguillage.store.database import Database
from aiguillage.synthetic_calls import SyntheticCalls

log = structlog.get_logger()

REPORT_EVERY = 0.5
"""Seconds between two looks whether we follow something else, which whoever publishes waits for."""
LEARN_EVERY = 2.0
"""Seconds between two looks at what other nodes' calls have left."""
DRAIN = 1.5
"""Seconds that a call in the middle of its question is given when the service stops."""


class Node:
    """Owned by the event loop; the Follower of what is published. `link`, `listener`, `journalling`, `trunks` and
    `calling` are for whoever looks at them."""

    def __init__(
        self, settings: Settings, database: Database, following: Following, live: LiveCalls, meters: Meters
    ) -> None:
        self._settings, self._database, self._live, self._meters = settings, database, live, meters
        self._following = following
        following.follower = self
        self.journalling = Journalling(database, live.told)
        self._memory = Memory(self.journalling)
        self._announcing = Announcing(settings.prompts_dir, voice(settings.voice_command))
        self.link = ManagerLink(
            host=settings.ami_host,
            port=settings.ami_port,
            user=settings.ami_user,
            secret=settings.ami_secret.get_secret_value(),
            on_up=self._asterisk_is_there,
        )
        self.calling = Calling(self.link, self._current, self._memory, settings.daily_calls, settings.call_prefix)
        answering = Answering(
            self._current,
            database,
            self.journalling,
            self._memory,
            self._announcing,
            self._presence_changed,
            settings.daily_calls,
            settings.simulation,
            self.calling,
        )
        routes: dict[str, Route] = {
            "inbound": answering.inbound,
            "menu": answering.menu,
            "dialled": answering.dialled,
            "placed": answering.placed,
            "feature": answering.feature,
            "callback": answering.callback,
            "alive": answering.alive,
        }
        self._messages = MessageBook(settings, database, self._current)
        self.listener = Listener(meters.timed(routes), settings.agi_host, settings.agi_port)
        self._queueing = Queueing(TwoUsers(self.link, settings))
        self._files = AsteriskFiles(
            settings, database, self.link, self._queueing, lambda: self._following.trunk_passwords
        )
        self.trunks = Trunks(self.journalling)
        self._catching_up = CatchingUp(settings, database, self.link, live, self.journalling.heard, self._current)
        self._synthetic_calls = SyntheticCalls(settings)
        self._reporting = Reporting(database, settings.node)
        self._listening = False
        self._recalled = False
        self._misnamed = ""

    # --- its life ---

    async def start(self) -> None:
        """Raises SettingRefused where the port for Asterisk's questions is taken."""
        try:
            await self.listener.start()
        except OSError as wrong:
            place = f"{self._settings.agi_host}:{self._settings.agi_port}"
            raise SettingRefused(port_taken("FastAGI", place, "AIGUILLAGE_AGI_PORT", wrong)) from None
        self._listening = True
        self._messages.start()
        await self.link.start()

    def tasks(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """What it does all the time, by name."""
        found = {
            "events": self._record_events(),
            "catching-up": self._catching_up.run(),
            "synthetic-calls": self._synthetic_calls.run(),
        }
        if self._settings.node:  # there are others; what they wait for in the database, nobody else waits for
            found |= {"reporting": _every(REPORT_EVERY, self._report), "learning": _every(LEARN_EVERY, self._learn)}
        return found

    async def drain(self) -> None:
        """No call asks any more; those that are being answered are finished."""
        self._listening = False
        await self.listener.drain(DRAIN)
        self.calling.close()

    async def close(self) -> None:
        await self.link.close()
        await self._messages.close()
        await self.journalling.close()

    async def forget(self) -> None:
        """What is not to be kept any longer."""
        await asyncio.to_thread(self._announcing.forget)
        if self._settings.node:  # its own messages are nobody else's to delete
            try:
                await asyncio.to_thread(forget_messages, self._settings, self._database, datetime.now(UTC), Retained())
            except StoreUnavailable as wrong:
                log.warning("messages_not_forgotten", error=str(wrong))

    def health(self) -> Mapping[str, Health]:
        told = f"listening on {self._settings.agi_host}:{self._settings.agi_port}"
        up, wrong = self.link.state == "up", self._misnamed or self._reporting.namesake
        return {
            "fastagi": Health(self._listening, told if self._listening else "not listening"),
            "ami": Health(up and not wrong, wrong if up and wrong else self.link.reason),
            "sip": self._synthetic_calls.health,
            "provisioning": self._files.health,
            "trunks": self.trunks.health,
        }

    # --- what is published ---

    def _current(self) -> Snapshot | None:
        return self._following.snapshot

    async def accept(self, before: Snapshot | None, fresh: Snapshot) -> Snapshot | None:
        """Asterisk first: the next call may ring a phone, or play a prompt, that is new."""
        is_new = before is None or before.plan_version != fresh.plan_version
        if self._listening and is_new and not await self._files.provision(fresh) and before is not None:
            if self._files.are_lacking:
                return None  # the database is away again, which says nothing about the plan
            self._following.passed_over = fresh.plan_version
            fresh = replace(fresh, plan=before.plan, plan_version=before.plan_version)
        if before is not None and before.directory_revision != fresh.directory_revision:  # somebody may be erased
            self._memory.keep(await asyncio.to_thread(numbers_kept, self._database), datetime.now(UTC))
        return fresh

    async def in_step(self) -> None:
        """Once, what calls left before the start."""
        if not self._recalled:
            await self._recall()

    async def look(self) -> None:
        if (snapshot := self._current()) is None:
            return
        await self._files.keep(snapshot)
        if self._files.are_lacking:
            # An Asterisk that waits for its first files cannot be logged in to.
            await self._files.provision(snapshot)
        if self.link.state == "up":
            await self._files.keep_timetable(snapshot)
            await self._queueing.follow(self._current() or snapshot)  # a state may have come to its time, too
            await self.trunks.follow(self.link, snapshot.plan, datetime.now(UTC))
            await self.calling.look(datetime.now(UTC))

    async def _recall(self) -> None:
        snapshot = self._current()
        today = datetime.now(hours.zone(snapshot.plan) if snapshot else UTC).date()
        await asyncio.to_thread(self._memory.recall, self._database, today)
        self._recalled = True
        self.journalling.start()  # not before: what it writes would be recalled, and count twice

    def _presence_changed(self, person: str, presence: Presence) -> None:
        """A phone has set a state: the very next call knows it, before the store is looked at again."""
        if (snapshot := self._current()) is not None:
            self._following.snapshot = replace(snapshot, presences={**snapshot.presences, person: presence})

    # --- the other nodes ---

    async def _learn(self) -> None:
        """What their calls have left: whoever is called over one of them may call back over this one."""
        snapshot = self._current()
        if snapshot is not None and self._recalled:
            with contextlib.suppress(StoreUnavailable):  # who follows has told it
                await self._memory.learn(self._database, datetime.now(UTC), snapshot.plan)

    async def _report(self) -> None:
        """What our calls follow, and why not the newest."""
        following, snapshot = self._following, self._current()
        refused = following.passed_over if following.passed_over > following.version else 0
        fault = "" if not refused or self._files.health.ok else self._files.health.reason
        revision = snapshot.directory_revision if snapshot else 0
        await self._reporting.say(following.version, revision, refused, fault)

    # --- what Asterisk tells ---

    async def _asterisk_is_there(self) -> None:
        """After each login: Asterisk may have been restarted with older files, and news of calls were missed."""
        await self._look_at_name()
        await self._catching_up.after_login()
        self.calling.doubt(datetime.now(UTC))
        self._following.passed_over = 0  # this Asterisk may take what the one before did not
        if (snapshot := self._current()) is not None:
            await self._files.provision(snapshot)
            self._synthetic_calls.soon()
            await self._queueing.start_afresh(snapshot)
            self._meters.waiting = await self._queueing.waiting(snapshot)
            await self.trunks.look(self.link, snapshot.plan.trunks, datetime.now(UTC))

    async def _look_at_name(self) -> None:
        """Of several nodes, calls of one that has another's name would be taken for that one's."""
        if not self._settings.node:
            return
        node = self._settings.node
        try:
            wrong = misnamed(await systemname(self.link), node)
        except AsteriskUnavailable as unknown:
            wrong = f"Asterisk does not say its name: {unknown}"
        self._misnamed = f"{wrong}; {remedy(node)}" if wrong else ""
        self._catching_up.tells_apart = not wrong
        if wrong:
            log.error("asterisk_misnamed", error=self._misnamed)

    async def _record_events(self) -> None:
        interpreter = Interpreter()
        async for message in self.link.events():
            self._meters.heard(message)
            await self._catching_up.level.wait()
            try:
                happened = [*interpreter.events(message, now := datetime.now(UTC))]
                self._record(happened, now)
                for event in happened:
                    self.calling.happened(event)
                    self._announcing.happened(event)
                if (call := not_placed(message)) is not None:
                    self.calling.not_placed(call, now)
                if (snapshot := self._current()) is not None and (missed := not_answered(message)):
                    self._queueing.not_answered(missed, snapshot)
                if status := trunks.heard(message):
                    self.trunks.heard(status, now)
                if looped := came_back(message):
                    log.warning("call_came_back", by=looped.by, number=looped.number)
            except Exception:  # one odd event must not end the journal
                log.exception("event_not_recorded")

    def _record(self, happened: Iterable[CallEvent], now: datetime) -> None:
        for record in event_records(happened, self._current()):
            self.journalling.happened(record)
            if record.kind == "emergency":
                log.warning("emergency_call", **record.detail)
            if record.kind == "answered" and record.person:
                self._memory.answered(record.person, now)


async def _every(seconds: float, deed: Callable[[], Awaitable[None]]) -> None:
    """For ever."""
    while True:
        try:
            await deed()
        except Exception:  # the next one may do better
            log.exception("node_deed_failed")
        await asyncio.sleep(seconds)
