"""Answer Asterisk's questions about a call: header -> decision -> one command, and a line for the journal.

Each question is a script of extensions.conf's [ask], with the arguments that it lists.
"""

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aiguillage.asterisk import channel_variables
from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk import presence
from aiguillage.desk.announcing import Announcing
from aiguillage.desk.calling import Calling
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.memory import Memory
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import NotFound, Refused, Unavailable
from aiguillage.routing import hours
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.feature_codes import state_dialled
from aiguillage.routing.itinerary import HangUp, Itinerary, Play, describe
from aiguillage.routing.numbers import E164, from_signalling
from aiguillage.routing.outgoing import Dialled, dial
from aiguillage.routing.plan import Plan, language_of
from aiguillage.routing.presence import Presence
from aiguillage.routing.trace import describe_note, in_short
from aiguillage.routing.unfold import Press
from aiguillage.store import callbacks, webhooks
from aiguillage.store.callbacks import CallbackRequest
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord

_WALL_CLOCK = re.compile(r"20\d{2}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")
_EPOCH = re.compile(r"[0-9]{9,11}")
_PRESS = re.compile(r"(?P<menu>[A-Za-z0-9_-]+):(?P<keys>[0-9*#]{1,8})")
MAX_PRESSES = 9
"""Keys in one call; who presses more is led to `otherwise`, so that nobody keeps us busy for ever."""
WRITTEN_WITHIN = 0.7
"""Seconds: whoever waits on the telephone is told by then, and what is told not to be done must not be done later."""

_SAID: dict[str, str] = {
    "available": "builtin/state-available",
    "do not disturb": "builtin/state-do-not-disturb",
    "away": "builtin/state-away",
    "forwarded": "builtin/state-forwarded",
}
_NOT_UNDERSTOOD = "builtin/no-such-number"


@dataclass(frozen=True, slots=True)
class Answering:
    """`simulation`: honour the time of day that a simulated call brings (never a real trunk's).

    `daily_calls`: outside calls that a desk phone may place in a day. `presence_changed` is told each state that a
    phone has set, so that the very next call knows it. `calling` has the calls that were asked for, None: there are
    none.
    """

    snapshot: Callable[[], Snapshot | None]
    database: Database
    journalling: Journalling
    memory: Memory
    announcing: Announcing
    presence_changed: Callable[[str, Presence], None]
    daily_calls: int
    simulation: bool
    calling: Calling | None = None

    def inbound(self, question: AgiHeader) -> str:
        """A call on one of our numbers. Arguments: the number, the simulated wall clock, when the call began."""
        snapshot = self._snapshot()
        return self._decided(question, snapshot, self._arguments(question, 3))

    def menu(self, question: AgiHeader) -> str:
        """A key was pressed. Arguments: as for `inbound`, then `menu:keys` of each press, joined by `&`."""
        snapshot = self._snapshot()
        *call, pressed = self._arguments(question, 4)
        return self._decided(question, snapshot, call, _presses(pressed))

    def dialled(self, question: AgiHeader) -> str:
        """One of our phones dials. Arguments: its endpoint, what it dialled, 1 where it transfers a caller there; for a
        call that was asked for, the person it is placed for."""
        snapshot, now = self._snapshot(), datetime.now(UTC)
        endpoint, text, transfers, placed_by = self._arguments(question, 4)
        person: str | None = placed_by
        if transfers or not placed_by:
            person, _ = snapshot.owners.get(endpoint, (None, None))
        elif self.calling is not None:
            self.calling.goes_on(question.uniqueid)
        left = self.daily_calls - self.memory.placed_today(endpoint, snapshot.plan, now)
        call = Dialled(person, text, left, self.memory.turns(), transfers=bool(transfers))
        outgoing = dial(snapshot.plan, snapshot.directory, snapshot.presences, call, now)
        self.memory.turns_taken(outgoing.turns_taken)
        if outgoing.number is not None:
            self.memory.called_out(endpoint, person, outgoing.number, snapshot.plan, now)
        record = self._record(question, snapshot, now, "outgoing" if outgoing.number else "internal")
        facts = outgoing.describe()
        return self._answer(
            snapshot,
            replace(
                record,
                caller=person or endpoint,
                called=outgoing.number or text,
                itinerary=facts["itinerary"],
                trace={"trace": {"routes": [], "remarks": facts["remarks"], "notes": facts["notes"]}},
            ),
            outgoing.itinerary,
        )

    def placed(self, question: AgiHeader) -> str:
        """One of us has asked for a call: which of their phones ring. Arguments: the call. Raises NotFound."""
        snapshot, now = self._snapshot(), datetime.now(UTC)
        (call,) = self._arguments(question, 1)
        if self.calling is None:
            raise NotFound(f"no call {call[:40]} was asked for")
        asked = self.calling.rings(call)
        record = self._record(question, snapshot, now, "click-to-call")
        return self._answer(
            snapshot,
            replace(
                record,
                call=call,
                caller=asked.person,
                called=asked.dials,
                itinerary=[describe(step) for step in asked.itinerary.steps],
                trace={
                    "trace": {
                        "routes": [],
                        "remarks": [str(remark) for remark in asked.remarks],
                        "notes": [describe_note(remark) for remark in asked.remarks],
                    },
                    "asked_by": self.calling.get(call).asked_by,
                },
            ),
            asked.itinerary,
        )

    async def feature(self, question: AgiHeader) -> str:
        """One of our phones dials a code that says where its owner is. Arguments: its endpoint, the code."""
        snapshot, now = self._snapshot(), datetime.now(UTC)
        endpoint, code = self._arguments(question, 2)
        person, _ = snapshot.owners.get(endpoint, (None, None))
        plan = snapshot.plan
        try:
            state = state_dialled(code, plan.organisation.country, now, hours.zone(plan))
            by = f"phone {endpoint}"
            await asyncio.to_thread(
                presence.set_presence, self.database, person or "", state, by, now, within=WRITTEN_WITHIN
            )
        except (Refused, NotFound) as wrong:
            said, remark = _NOT_UNDERSTOOD, str(wrong)
        else:
            self.presence_changed(person or "", state)
            said, remark = _SAID[state.state], state.state
        itinerary = Itinerary((Play(said), HangUp("normal")), language_of(plan, plan.people.get(person or "")))
        record = self._record(question, snapshot, now, "code")
        trace = {"trace": {"routes": [], "remarks": [remark]}}
        return self._answer(snapshot, replace(record, caller=person or endpoint, called=code, trace=trace), itinerary)

    async def callback(self, question: AgiHeader) -> str:
        """A caller leaves a queue to be called back. Arguments: the queue, when it was entered (seconds).

        Nothing is promised before the request is in the store. Raises Refused for a caller without a number.
        """
        snapshot, now = self._snapshot(), datetime.now(UTC)
        queue, entered = self._arguments(question, 2)
        caller = from_signalling(question.caller, snapshot.plan.organisation.country)
        if caller is None or queue not in snapshot.plan.queues or not _EPOCH.fullmatch(entered):
            raise Refused(f"queue {queue}: a caller without a number cannot be called back")
        contact = next(iter(snapshot.directory.candidates(caller)), None)
        request = CallbackRequest(
            id=uuid.uuid4().hex,
            queue=queue,
            number=caller,
            name=contact.name if contact else "",
            call=question.uniqueid,
            waiting_since=datetime.fromtimestamp(int(entered), UTC),
            asked_at=now,
        )
        await asyncio.to_thread(self._keep, request)
        return "SET VARIABLE ROUTE_OK 1"

    def alive(self, question: AgiHeader) -> str:
        """The answer to a health check: a command that does nothing. Raises Unavailable like the others."""
        self._snapshot()
        return "NOOP"

    def _keep(self, request: CallbackRequest) -> None:
        with self.database.writing(within=WRITTEN_WITHIN) as session:
            if callbacks.add(session, request):
                webhooks.tell(session, request.asked_at, "callback.requested", _told(request))

    def _decided(
        self, question: AgiHeader, snapshot: Snapshot, call: list[str], presses: tuple[Press, ...] = ()
    ) -> str:
        dialled, time_of_day, began = call
        plan, now = snapshot.plan, datetime.now(UTC)
        country = plan.organisation.country
        simulated = self._simulated_time(time_of_day, plan)
        at = simulated or (datetime.fromtimestamp(int(began), UTC) if presses and _EPOCH.fullmatch(began) else now)
        called = from_signalling(dialled, country) or E164(dialled)
        caller = from_signalling(question.caller, country)
        turns = self.memory.turns()
        asked = Call(called, caller, self.memory.last_outgoing(caller), presses, turns)
        decision = decide(plan, snapshot.directory, snapshot.presences, asked, at)
        before = _turns_before(snapshot, asked, at) if decision.turns_taken else set()
        self.memory.turns_taken(tuple(group for group in decision.turns_taken if group not in before))
        kind = "menu" if presses else "simulated" if simulated else "inbound"
        told = {"caller": caller, "called": called, "route": decision.route}
        record = self._record(question, snapshot, now, kind, **told)

        def described() -> DecisionRecord:
            facts = in_short(decision)
            itinerary = facts.pop("itinerary")
            pressed = [[press.menu, press.keys] for press in presses]
            return replace(record, itinerary=itinerary, trace={**facts, "at": at.isoformat(), "presses": pressed})

        self.journalling.decided_so(record, described)
        return self._command(snapshot, record.id, decision.itinerary)

    def _answer(self, snapshot: Snapshot, record: DecisionRecord, itinerary: Itinerary) -> str:
        self.journalling.decided(record)
        return self._command(snapshot, record.id, itinerary)

    def _command(self, snapshot: Snapshot, decision: str, itinerary: Itinerary) -> str:
        announce = self.announcing.sounds_for(itinerary, snapshot.plan, decision)
        return channel_variables.command(itinerary, decision, announce)

    def _record(
        self, question: AgiHeader, snapshot: Snapshot, now: datetime, kind: str, **told: str | None
    ) -> DecisionRecord:
        facts: dict[str, Any] = {"caller": None, "called": "", "route": None, "itinerary": [], "trace": {}, **told}
        return DecisionRecord(
            id=uuid.uuid4().hex,
            call=question.uniqueid,
            at=now,
            kind=kind,
            plan_version=snapshot.plan_version,
            **facts,
        )

    def _snapshot(self) -> Snapshot:
        """Raises Unavailable while no plan is in memory: Asterisk then takes its own timetable."""
        snapshot = self.snapshot()
        if snapshot is None:
            raise Unavailable("no plan in memory yet")
        return snapshot

    def _arguments(self, question: AgiHeader, number: int) -> list[str]:
        """Exactly `number` of them; what Asterisk does not know is empty."""
        return [*question.args, *("",) * number][:number]

    def _simulated_time(self, asked: str, plan: Plan) -> datetime | None:
        """The wall-clock time that a simulated call asks for; the dialplan passes none for a real trunk."""
        if not self.simulation or not _WALL_CLOCK.fullmatch(asked):
            return None
        try:
            return datetime.fromisoformat(asked).replace(tzinfo=hours.zone(plan))
        except ValueError:
            return None


def _told(request: CallbackRequest) -> dict[str, str]:
    return {
        "id": request.id,
        "queue": request.queue,
        "number": request.number,
        "name": request.name,
        "waiting_since": request.waiting_since.isoformat(),
        "asked_at": request.asked_at.isoformat(),
    }


def _turns_before(snapshot: Snapshot, call: Call, at: datetime) -> set[str]:
    """The rotary groups whose turn the same call has taken already, with fewer keys: it takes one of each."""
    shorter = (replace(call, presses=call.presses[:number]) for number in range(len(call.presses)))
    decisions = (decide(snapshot.plan, snapshot.directory, snapshot.presences, each, at) for each in shorter)
    return {group for decision in decisions for group in decision.turns_taken}


def _presses(text: str) -> tuple[Press, ...]:
    """Raises Refused for what the dialplan does not write, and for a caller who presses on for ever."""
    written = [_PRESS.fullmatch(each) for each in text.split("&")]
    if not all(written) or len(written) > MAX_PRESSES:
        raise Refused(f"{text[:80]!r} are no keys pressed in menus, or more than {MAX_PRESSES}")
    return tuple(Press(each["menu"], each["keys"]) for each in written if each)
