"""Click-to-call: one of us asks for a call; their phone rings, then the other side's; it is followed to its end.

What is known of a call is kept in memory for a while after its end; the journal keeps it as it keeps every call.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import structlog

from aiguillage.asterisk.channel_variables import CONFIRMATION
from aiguillage.asterisk.events import CallEvent
from aiguillage.asterisk.manager import Manager
from aiguillage.asterisk.originating import Origination, is_there, originate
from aiguillage.desk.memory import Memory
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AnswerLost, AsteriskUnavailable, Conflict, NotFound, Unavailable
from aiguillage.routing import placing
from aiguillage.routing.itinerary import Ring
from aiguillage.routing.placing import Placing, Wish
from aiguillage.routing.plan import Plan

log = structlog.get_logger()

State = Literal["asked", "ringing-colleague", "colleague-answered", "ringing", "answered", "ended"]
"""In this order; a call may skip one and never goes back."""
Outcome = Literal["talked", "colleague-did-not-answer", "given-up", "busy", "no-answer", "refused", "failed", "unknown"]

KEPT = timedelta(minutes=10)
"""How long an ended call can still be asked for."""
MOST = 500
"""Calls in memory; beyond it, none is placed until some have ended."""
LOST_AFTER = timedelta(seconds=10)
"""After an Originate without an answer: by then Asterisk has begun the call, or never got it."""
LOOK_EVERY = timedelta(seconds=60)
"""Between two looks whether a call is still there, in case the news of its end was lost."""
MARGIN = 10
"""Seconds beyond the ringing, so that the dialplan ends it and not the Originate."""

_OUTCOMES: dict[int, Outcome] = {16: "given-up", 17: "busy", 18: "no-answer", 19: "no-answer", 21: "refused"}
"""By Q.850 cause, of a call that the other side has not answered."""
_GIVEN_UP = "CANCEL"


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """`id` is Asterisk's Linkedid, too. `to` is what is dialled, `shows` the number of ours that the other side sees.

    `asked_by` is whoever asked (`token console`). `revision` counts the changes. `outcome`, and `cause` (Q.850, None
    where nobody has told it), are there once it has ended.
    """

    id: str
    person: str
    to: str
    shows: str | None
    asked_at: datetime
    asked_by: str
    state: State = "asked"
    revision: int = 0
    colleague_answered_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    cause_text: str = ""


class Calls(Protocol):
    """What the API needs of click-to-call. `place` and `get` are for threads, `follow` for the service's event loop."""

    def place(self, person: str, to: str, by: str) -> PlacedCall:
        """Raises as `Calling.place`."""
        ...

    def get(self, call: str) -> PlacedCall:
        """Raises NotFound."""
        ...

    def follow(self, call: str, after: int = -1) -> AsyncIterator[PlacedCall]:
        """Every revision beyond `after`, each as soon as it is there, until the call has ended."""
        ...


class NoCalls:
    """In place of a service that has no Asterisk: a desk (`serve --role desk`)."""

    def place(self, person: str, to: str, by: str) -> PlacedCall:
        raise Unavailable(
            f"{person} cannot call {to}: this service is a desk, which has no Asterisk; dial from a telephone, or ask "
            "a service that runs with --role all beside an Asterisk"
        )

    def get(self, call: str) -> PlacedCall:
        raise _unknown(call)

    async def follow(self, call: str, after: int = -1) -> AsyncIterator[PlacedCall]:
        yield self.get(call)


@dataclass(slots=True)
class _Followed:
    """`history` has every revision. `look_at`: when to look whether Asterisk still has the call.

    `ours`, `theirs`: the colleague's legs and the other side's; `taken`: one of ours was heard to answer; `other_end`:
    how the last of theirs ended that nobody answered.
    """

    placing: Placing
    history: list[PlacedCall]
    look_at: datetime
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ours: set[str] = field(default_factory=set)
    theirs: set[str] = field(default_factory=set)
    taken: bool = False
    other_end: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> PlacedCall:
        return self.history[-1]


class Calling:
    """Owned by the event loop; `get` may be asked from a thread. `daily_calls`: outside calls of a line in a day;
    `prefix`: what the ids of this node's calls begin with."""

    def __init__(
        self,
        manager: Manager,
        snapshot: Callable[[], Snapshot | None],
        memory: Memory,
        daily_calls: int,
        prefix: str = "",
    ) -> None:
        self._manager, self._snapshot, self._memory, self._daily_calls = manager, snapshot, memory, daily_calls
        self._prefix = prefix
        self._calls: dict[str, _Followed] = {}
        self._closed = False

    async def place(self, person: str, to: str, by: str) -> PlacedCall:
        """Ring `person`, a plan key, and then call `to` for them, because `by` asks for it; the call as it stands now.

        Raises NotFound for an unknown person; Refused for a number that they may not call; Conflict where no phone of
        theirs can be rung, one is being rung already, or no call is left today; Unavailable where nothing was placed.
        """
        now = datetime.now(UTC)
        self._forget(now)
        snapshot = self._current()
        decided = self._decide(snapshot, person, to, now)
        self._check_room(decided)
        call = PlacedCall(f"{self._prefix}{uuid.uuid4().hex}", person, decided.dials, decided.shows, now, by)
        followed = self._calls[call.id] = _Followed(decided, [call], now + LOOK_EVERY)
        try:
            await originate(self._manager, _origination(call, decided, snapshot.plan))
        except AnswerLost as wrong:
            # Asterisk may be ringing already: to say that nothing was placed would have it asked for again.
            log.warning("placed_call_unanswered", call=call.id, error=str(wrong))
            followed.look_at = now + LOST_AFTER
        except BaseException:
            del self._calls[call.id]
            raise
        log.info("call_placed", call=call.id, person=person, to=call.to, by=by)
        return followed.now

    def get(self, call: str) -> PlacedCall:
        return self._followed(call).now

    async def follow(self, call: str, after: int = -1) -> AsyncIterator[PlacedCall]:
        followed = self._followed(call)
        seen = min(after, followed.now.revision)
        while not self._closed:
            changed = followed.changed
            for revision in followed.history[seen + 1 :]:
                seen = revision.revision
                yield revision
            if followed.history[seen].state == "ended":
                return
            await changed.wait()

    def close(self) -> None:
        """Whoever follows a call is told no more of it."""
        self._closed = True
        for followed in self._calls.values():
            followed.changed.set()

    # --- Asterisk's questions ---

    def rings(self, call: str) -> Placing:
        """The phones that ring for the first half of `call`. Raises NotFound."""
        return self._followed(call).placing

    def goes_on(self, call: str) -> None:
        """Asterisk asks where `call` goes: so the colleague has answered, whatever has been heard of that."""
        followed = self._calls.get(call)
        if followed is not None:
            self._colleague_answered(followed, datetime.now(UTC))

    # --- what happens ---

    def happened(self, event: CallEvent) -> None:
        """Something happened to a call, perhaps to one of these."""
        followed = self._calls.get(event.call)
        if followed is None or followed.now.state == "ended":
            return
        if event.kind == "call-ended":
            self._ended(followed, event.at, event.detail)
        elif event.leg is not None:
            self._leg_happened(followed, event, event.leg)

    def not_placed(self, call: str, at: datetime) -> None:
        """Asterisk could not even ring the colleague, or gave up."""
        followed = self._calls.get(call)
        if followed is not None and followed.now.state != "ended":
            self._ended(followed, at, {})

    def doubt(self, at: datetime) -> None:
        """News may have been lost: the connection was."""
        for followed in self._calls.values():
            followed.look_at = min(followed.look_at, max(at, followed.now.asked_at + LOST_AFTER))

    async def look(self, at: datetime) -> None:
        """End the calls that Asterisk does not have any more."""
        for followed in [*self._calls.values()]:
            if followed.now.state == "ended" or followed.look_at > at:
                continue
            followed.look_at = at + LOOK_EVERY
            try:
                there = await is_there(self._manager, followed.now.id)
            except AsteriskUnavailable:
                followed.look_at = at
                return
            if not there:
                self._is_gone(followed, at)

    def _is_gone(self, followed: _Followed, at: datetime) -> None:
        """Unless its end was heard of while Asterisk was asked."""
        if followed.now.state != "ended":
            self._change(followed, state="ended", ended_at=at, outcome="unknown")

    def _leg_happened(self, followed: _Followed, event: CallEvent, leg: str) -> None:
        """A leg that was heard of before the colleague had answered is theirs; one that was dialled later is not.

        Asterisk's question where the call goes may overtake the news of their own phones: those are known by name.
        """
        call = followed.now
        if call.colleague_answered_at is None or (not followed.taken and _is_phone_of(event.line, followed.placing)):
            followed.ours.add(leg)
        elif event.kind == "dialled":
            followed.theirs.add(leg)
        ours, theirs = leg in followed.ours, leg in followed.theirs
        match event.kind:
            case "ringing" if ours and call.state == "asked":
                self._change(followed, state="ringing-colleague")
            case "answered" if ours:
                followed.taken = True
                self._colleague_answered(followed, event.at)
            case "ringing" if theirs and call.state == "colleague-answered":
                self._change(followed, state="ringing")
            case "answered" if theirs and call.answered_at is None:
                self._change(followed, state="answered", answered_at=event.at)
            case "leg-ended" if theirs and call.answered_at is None:
                followed.other_end = _how_it_ended(event.detail)

    def _colleague_answered(self, followed: _Followed, at: datetime) -> None:
        if followed.now.colleague_answered_at is None and followed.now.state != "ended":
            self._change(followed, state="colleague-answered", colleague_answered_at=at)

    def _ended(self, followed: _Followed, at: datetime, detail: Mapping[str, str]) -> None:
        ending = _how_it_ended(detail)
        if followed.now.answered_at is not None:
            ending["outcome"] = "talked"
        elif followed.now.colleague_answered_at is None:
            ending["outcome"] = "colleague-did-not-answer"
        else:
            ending |= followed.other_end
        self._change(followed, state="ended", ended_at=at, **ending)

    def _change(self, followed: _Followed, **facts: Any) -> None:
        followed.history.append(replace(followed.now, revision=followed.now.revision + 1, **facts))
        changed, followed.changed = followed.changed, asyncio.Event()
        changed.set()

    # --- before it is placed ---

    def _current(self) -> Snapshot:
        snapshot = self._snapshot()
        if snapshot is None:
            raise Unavailable("no plan has been published yet; run: aiguillage plan apply PLAN.yaml --publish")
        return snapshot

    def _decide(self, snapshot: Snapshot, person: str, to: str, now: datetime) -> Placing:
        plan = snapshot.plan
        line = placing.line_of(placing.person_of(plan, person))
        left = self._daily_calls - self._memory.placed_today(line, plan, now)
        return placing.place(plan, snapshot.directory, snapshot.presences, Wish(person, to, left), now)

    def _check_room(self, decided: Placing) -> None:
        for followed in self._calls.values():
            call = followed.now
            if call.person == decided.person and call.state in {"asked", "ringing-colleague"}:
                raise Conflict(f"{call.person} is being rung already, to call {call.to}; answer that call first")
        if len(self._calls) >= MOST:
            raise Unavailable(f"{MOST} calls were placed in the last minutes; wait until some have ended")

    def _forget(self, now: datetime) -> None:
        for call, followed in [*self._calls.items()]:
            if followed.now.ended_at is not None and followed.now.ended_at < now - KEPT:
                del self._calls[call]

    def _followed(self, call: str) -> _Followed:
        found = self._calls.get(call)
        if found is None:
            raise _unknown(call)
        return found


def describe(call: PlacedCall) -> dict[str, Any]:
    """Plain JSON data; instants in UTC."""
    instants = ("asked_at", "colleague_answered_at", "answered_at", "ended_at")
    told: dict[str, Any] = {name: getattr(call, name) for name in PlacedCall.__slots__}
    return told | {name: told[name].isoformat() if told[name] else None for name in instants}


def _origination(call: PlacedCall, decided: Placing, plan: Plan) -> Origination:
    rings = [step for step in decided.itinerary.steps if isinstance(step, Ring)]
    asked = sum(CONFIRMATION for ring in rings if any(leg.confirm for leg in ring.legs))
    return Origination(
        call=call.id,
        person=decided.person,
        line=decided.line,
        dials=decided.dials,
        seconds=sum(ring.seconds for ring in rings) + asked + MARGIN,
        extension=plan.people[decided.person].extension or "",
    )


def _is_phone_of(line: str | None, decided: Placing) -> bool:
    """Whether `line` is a phone of the colleague's that was to ring."""
    rings = (step for step in decided.itinerary.steps if isinstance(step, Ring))
    return line is not None and any(line in {leg.endpoint, leg.number} for ring in rings for leg in ring.legs)


def _how_it_ended(detail: Mapping[str, str]) -> dict[str, Any]:
    """`outcome`, `cause` and `cause_text` of what nobody answered: the call, or a leg of it."""
    told = detail.get("cause", "")
    cause = int(told) if told.isdecimal() and int(told) else None
    outcome = "given-up" if detail.get("outcome") == _GIVEN_UP else _OUTCOMES.get(cause or 0, "failed")
    return {"outcome": outcome, "cause": cause, "cause_text": detail.get("cause_text", "") if cause else ""}


def _unknown(call: str) -> NotFound:
    return NotFound(f"no call {call} was placed in the last minutes; look in the journal: aiguillage explain --call")
