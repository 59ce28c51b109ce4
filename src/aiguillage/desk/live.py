"""Calls in progress, as a receptionist sees them: kept in memory, fed by what the journal is told.

When the link to Asterisk comes back, calls that began meanwhile are told from the journal, and those that Asterisk does
not have any more are taken out (desk/catching_up.py).
"""

import threading
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from aiguillage.store.journal import DecisionRecord, EventRecord

MOST_CALLS = 2000
"""More than that are not shown: the oldest go."""
MOST_CHANGES = 5000
"""So many changes are kept for who follows; who is further behind begins anew."""

UNKNOWN = "unknown"
"""The kind of a call of which nobody has told yet who calls whom."""

State = Literal["routing", "ringing", "answered", "queue", "voicemail", "menu", "ended"]


@dataclass(frozen=True, slots=True)
class LiveCall:
    """`rings` are `claire/desk` or outside numbers; `person` has answered. `caller` None: withheld, or not known."""

    call: str
    since: datetime
    kind: str
    caller: str | None
    called: str
    route: str | None = None
    state: State = "routing"
    rings: tuple[str, ...] = ()
    person: str | None = None
    answered_at: datetime | None = None

    def describe(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "call": self.call,
            "since": self.since.isoformat(),
            "kind": self.kind,
            "caller": self.caller,
            "called": self.called,
            "route": self.route,
            "state": self.state,
            "rings": list(self.rings),
            "person": self.person,
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
        }


@dataclass(frozen=True, slots=True)
class Changed:
    """`number` counts all changes since the service began; the last state of a call is `ended`."""

    number: int
    call: LiveCall


@dataclass(slots=True)
class LiveCalls:
    """Threads may share it. `closed` tells those who follow that the service stops; `elsewhere`: there is no Asterisk
    here whose calls they could be."""

    closed: bool = False
    elsewhere: bool = False
    _calls: dict[str, LiveCall] = field(default_factory=dict)
    _legs: dict[str, dict[str, str]] = field(default_factory=dict)
    _changes: deque[Changed] = field(default_factory=lambda: deque(maxlen=MOST_CHANGES))
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> tuple[int, Sequence[LiveCall]]:
        """The number of the last change, and the calls in progress, the oldest first."""
        with self._lock:
            return self._number, list(self._calls.values())

    def since(self, number: int) -> Sequence[Changed] | None:
        """The changes after that one; None where they are not known any more."""
        with self._lock:
            if number > self._number or (self._changes and number < self._changes[0].number - 1):
                return None
            return [each for each in self._changes if each.number > number]

    def told(self, record: DecisionRecord | EventRecord) -> None:
        """Something was decided of a call, or happened to it."""
        with self._lock:
            if isinstance(record, DecisionRecord):
                self._decided(record)
            else:
                self._happened(record)

    def known(self) -> set[str]:
        with self._lock:
            return {*self._calls}

    def still_there(self, calls: Collection[str], of: Collection[str]) -> None:
        """Asterisk has these calls of those, known before it was asked: nobody heard how the others ended."""
        with self._lock:
            for gone in (self._calls.keys() & set(of)) - set(calls):
                self._end(gone)

    def _decided(self, record: DecisionRecord) -> None:
        known = self._calls.get(record.call)
        if known is None:
            self._put(LiveCall(record.call, record.at, record.kind, record.caller, record.called, record.route))
        elif known.kind == UNKNOWN:
            told = {"kind": record.kind, "caller": record.caller, "called": record.called, "route": record.route}
            self._put(replace(known, **told))  # type: ignore[arg-type]
        elif record.kind != "menu":
            self._put(replace(known, route=record.route))
        while len(self._calls) > MOST_CALLS:
            self._end(next(iter(self._calls)))

    def _happened(self, record: EventRecord) -> None:
        if record.kind == "call-ended":
            self._end(record.call)
            return
        known = self._calls.get(record.call)
        if known is None:
            if record.kind not in {"ringing", "answered"}:
                return
            known = LiveCall(record.call, record.at, UNKNOWN, None, "")
        legs = self._legs.setdefault(record.call, {})
        match record.kind:
            case "ringing":
                legs[record.leg or ""] = _phone(record)
            case "leg-ended":
                legs.pop(record.leg or "", None)
            case "answered":
                legs.clear()
                known = replace(known, person=record.person, answered_at=record.at)
        self._put(replace(known, rings=tuple(dict.fromkeys(legs.values())), state=_state(known, record, legs)))

    def _put(self, call: LiveCall) -> None:
        if self._calls.get(call.call) != call:
            self._calls[call.call] = call
            self._tell(call)

    def _end(self, call: str) -> None:
        self._legs.pop(call, None)
        known = self._calls.pop(call, None)
        if known is not None:
            self._tell(replace(known, state="ended", rings=()))

    def _tell(self, call: LiveCall) -> None:
        self._number += 1
        self._changes.append(Changed(self._number, call))


def _phone(record: EventRecord) -> str:
    if record.person:
        return f"{record.person}/{record.phone}" if record.phone else record.person
    return str(record.detail.get("line", ""))


_STEPS: Mapping[str, State] = {"queue": "queue", "menu": "menu", "voicemail": "voicemail"}


def _state(known: LiveCall, record: EventRecord, legs: dict[str, str]) -> State:
    if known.person is not None or record.kind == "answered":
        return "answered"
    if legs:
        return "ringing"
    begun = record.detail.get("kind") if record.kind == "step" and not record.detail.get("outcome") else None
    before: State = "routing" if known.state == "ringing" else known.state
    return _STEPS.get(str(begun), before)
