"""Keep Asterisk's queues in step with people: who is away is paused, who did not answer rests a moment.

Who forwards is rung there.

app_queue rings the least recent member again and again while that one does not answer; the rest gives the others
their turn. Nothing here is needed for a call to go on: without us a queue only forgets who is away.
"""

import asyncio
from datetime import UTC, datetime

import structlog

from aiguillage.asterisk import queues
from aiguillage.asterisk.channel_variables import dial_string
from aiguillage.asterisk.manager import Manager
from aiguillage.asterisk.queues import NotAnswered
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Plan, Queue
from aiguillage.routing.presence import Presence, presence_of
from aiguillage.routing.unfold import legs_of

log = structlog.get_logger()

REST_SECONDS = 12.0


class Queueing:
    """Owned by the event loop."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._paused: dict[tuple[str, str], bool] = {}
        self._forwards: dict[str, str] = {}
        self._resting: dict[str, asyncio.Task[None]] = {}

    async def start_afresh(self, snapshot: Snapshot) -> None:
        """After a login: Asterisk may keep states of a time before."""
        members = {member for queue in snapshot.plan.queues.values() for member in queue.members}
        try:
            idle = await queues.calls_in_progress(self._manager) == 0
            for member in sorted(members):
                await queues.rest(self._manager, member, resting=False)
                if idle:
                    await queues.gsm_is_free(self._manager, member)
        except AsteriskUnavailable as wrong:
            log.warning("queues_not_reset", error=str(wrong))
        await self.reloaded(snapshot)

    async def waiting(self, snapshot: Snapshot) -> dict[str, int]:
        """The callers in each queue; nothing where Asterisk does not say."""
        try:
            return {key: await queues.waiting_now(self._manager, key) for key in snapshot.plan.queues}
        except AsteriskUnavailable as wrong:
            log.warning("queues_not_counted", error=str(wrong))
            return {}

    async def reloaded(self, snapshot: Snapshot) -> None:
        """The queues were read again: nothing is known of who is paused, and Asterisk may keep a pause."""
        self._paused.clear()
        self._forwards.clear()
        await self.follow(snapshot)

    async def follow(self, snapshot: Snapshot) -> None:
        """Pause who cannot be rung now, end the pauses of those who can, forward the calls of those who forward."""
        now = datetime.now(UTC)
        for queue in snapshot.plan.queues.values():
            for member in queue.members:
                presence = presence_of(snapshot.presences, member, now)
                await self._forward(member, _elsewhere(snapshot.plan, member, presence))
                away = not legs_of(snapshot.plan, member, presence)
                await self._pause(queue, member, paused=away, reason=presence.state)

    async def _forward(self, member: str, phones: str) -> None:
        if self._forwards.get(member) == phones:
            return
        try:
            await queues.forward(self._manager, member, phones)
        except AsteriskUnavailable as wrong:
            log.warning("queue_member_not_forwarded", member=member, error=str(wrong))
        else:
            self._forwards[member] = phones

    async def _pause(self, queue: Queue, member: str, *, paused: bool, reason: str) -> None:
        if self._paused.get((queue.key, member)) is paused:
            return
        try:
            await queues.pause(self._manager, queue.key, member, paused=paused, reason=reason)
        except AsteriskUnavailable as wrong:
            log.warning("queue_member_not_paused", queue=queue.key, member=member, error=str(wrong))
        else:
            self._paused[queue.key, member] = paused

    def not_answered(self, missed: NotAnswered, snapshot: Snapshot) -> None:
        """Let the member rest where the queue would ring nobody else."""
        queue = snapshot.plan.queues.get(missed.queue)
        if queue is None or queue.strategy != "leastrecent" or missed.member not in queue.members:
            return
        if missed.member not in self._resting:
            self._resting[missed.member] = asyncio.create_task(self._rest(missed.member))

    async def _rest(self, member: str) -> None:
        try:
            await queues.rest(self._manager, member, resting=True)
            await asyncio.sleep(REST_SECONDS)
            await queues.rest(self._manager, member, resting=False)
        except AsteriskUnavailable as wrong:
            log.warning("queue_member_rests_on", member=member, error=str(wrong))
        finally:
            del self._resting[member]


def _elsewhere(plan: Plan, member: str, presence: Presence) -> str:
    """What Dial() rings for a member who forwards; empty for all others."""
    if presence.state != "forwarded":
        return ""
    return "&".join(dial_string(leg, apart=True) for leg in legs_of(plan, member, presence))
