"""What one call remembers for the next: in memory for the calls, in the store for the next start."""

import asyncio
import secrets
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from aiguillage.desk.journalling import Journalling
from aiguillage.routing import hours
from aiguillage.routing.decide import OutgoingCall
from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import Plan
from aiguillage.routing.turns import Turns
from aiguillage.store import memory as stored
from aiguillage.store.database import Database
from aiguillage.store.memory import CalledOut, Remembered, Since, TurnTaken

_Key = TypeVar("_Key")

_SETTLED = timedelta(minutes=1)
_CALLED_WITHIN = timedelta(days=1)
"""Whom other nodes have called is learned again for so long: one of them may have waited for the database."""
_CHANCE = 1 << 256
"""Large against the orders that a group of fifty can be rung in."""


class Memory:
    """Owned by the event loop. What it learns reaches the store behind the calls, by the journal."""

    def __init__(self, journalling: Journalling) -> None:
        self._journalling = journalling
        self._turns: dict[str, int] = {}
        self._answered: dict[str, datetime] = {}
        self._called: dict[str, OutgoingCall] = {}
        self._placed: dict[tuple[str, date], int] = {}
        self._last_event = 0
        self._forgot = 0

    def recall(self, database: Database, today: date) -> None:
        """Take up, once, what the store holds from before the start. Raises StoreUnavailable.

        What was learned since the start counts on top of it.
        """
        with database.reading() as session:
            kept = stored.load(session, since=today - timedelta(days=1))
            self._last_event = stored.last_event(session)
        self._turns = _added(self._turns, kept.turns)
        self._placed = _added(self._placed, kept.placed)
        self._answered = {**kept.answered, **self._answered}
        called = {number: OutgoingCall(person, at) for number, (person, at) in kept.called.items()}
        self._called = {**called, **self._called}

    async def learn(self, database: Database, now: datetime, plan: Plan) -> None:
        """Take up what other nodes have written since. Raises StoreUnavailable.

        What is counted is what the store has, and on top of it what we have not written yet: so nothing is written
        between one and the other.
        """
        since, forgot = Since(self._last_event, now - _CALLED_WITHIN), self._forgot
        async with self._journalling.standing_still() as known:
            if not known:  # a batch may have been written, and its answer be lost
                return
            kept, self._last_event = await asyncio.to_thread(_recent, database, _day(plan, now), since)
            self._count(kept)
        for person, at in kept.answered.items():
            self.answered(person, at)
        if self._forgot != forgot:  # somebody was erased while we read: the next time
            return
        for number, (person, at) in kept.called.items():
            if number not in self._called or self._called[number].at < at:
                self._called[number] = OutgoingCall(person, at)

    def _count(self, kept: Remembered) -> None:
        self._turns, self._placed = {**kept.turns}, {**kept.placed}
        for fact in self._journalling.waiting_facts():
            if isinstance(fact, TurnTaken):
                self._turns[fact.ring_group] = self._turns.get(fact.ring_group, 0) + 1
            else:
                self._placed[fact.endpoint, fact.day] = self._placed.get((fact.endpoint, fact.day), 0) + 1

    def keep(self, kept: Collection[str], now: datetime) -> None:
        """Forget the numbers that we called and that are not `kept`; the last may not be written down yet."""
        self._forgot += 1
        recent = now - _SETTLED
        self._called = {number: call for number, call in self._called.items() if number in kept or call.at > recent}

    def turns(self) -> Turns:
        """For one call: each has a draw of its own."""
        return Turns(self._turns, self._answered, secrets.randbelow(_CHANCE))

    def turns_taken(self, groups: tuple[str, ...]) -> None:
        for group in groups:
            self._turns[group] = self._turns.get(group, 0) + 1
            self._journalling.remember(TurnTaken(group))

    def answered(self, person: str, at: datetime) -> None:
        """The journal's event keeps it."""
        self._answered[person] = max(at, self._answered.get(person, at))

    def last_outgoing(self, number: E164 | None) -> OutgoingCall | None:
        return self._called.get(number) if number else None

    def placed_today(self, endpoint: str, plan: Plan, now: datetime) -> int:
        """Outside calls of a phone on the organisation's day."""
        return self._placed.get((endpoint, _day(plan, now)), 0)

    def called_out(self, endpoint: str, person: str | None, number: E164, plan: Plan, now: datetime) -> None:
        """One of our phones calls an outside number at `now` (aware)."""
        day = _day(plan, now)
        self._placed[endpoint, day] = self._placed.get((endpoint, day), 0) + 1
        if person is not None:
            self._called[number] = OutgoingCall(person, now)
        self._journalling.remember(CalledOut(number, person, endpoint, now, day))


def numbers_kept(database: Database) -> set[str]:
    """Those that we called, as far as the store knows. Raises StoreUnavailable."""
    with database.reading() as session:
        return stored.called(session)


def _recent(database: Database, today: date, since: Since) -> tuple[Remembered, int]:
    with database.reading() as session:
        return stored.recent(session, today - timedelta(days=1), since)


def _added(ours: Mapping[_Key, int], kept: Mapping[_Key, int]) -> dict[_Key, int]:
    return {key: ours.get(key, 0) + kept.get(key, 0) for key in {*ours, *kept}}


def _day(plan: Plan, now: datetime) -> date:
    return now.astimezone(hours.zone(plan)).date()
