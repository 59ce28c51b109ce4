"""A year of calls to a federation where people are away, phones are off and operators down: each call ends well.

Well is: with a person, in a message box, or rejected because a step of the plan says so.
"""

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from bench import federation

from aiguillage.desk.contacts.csv_file import read_csv
from aiguillage.routing.decide import Call, OutgoingCall, decide
from aiguillage.routing.directory import Directory, directory_of
from aiguillage.routing.document import load
from aiguillage.routing.itinerary import HangUp, Leg, Menu, Queue, Ring, Step, Voicemail, in_line
from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import Plan
from aiguillage.routing.presence import Presence
from aiguillage.routing.turns import Turns
from aiguillage.routing.unfold import Press, legs_of
from tests.chaos.conftest import LONG, Tell

CALLS = 1_000_000 if LONG else 2_000
AT_ONCE = 100
"""Calls between two changes of who is away, which phones are off and which operators down."""
MOST_PRESSES = 12


@dataclass(frozen=True)
class World:
    """As it is for some calls: people's states, phones that are `off`, operators that are `down`."""

    presences: dict[str, Presence]
    off: frozenset[str]
    down: frozenset[str]

    def takes(self, leg: Leg, chance: random.Random) -> bool:
        """Whether somebody takes the call on this phone."""
        line = leg.endpoint or leg.number or ""
        reached = line not in self.off and (leg.number is None or any(each not in self.down for each in leg.trunks))
        return reached and chance.random() < 0.5


def world(plan: Plan, chance: random.Random) -> World:
    """A hundredth of all worlds has nobody at all, and no operator."""
    lines = [phone.endpoint or phone.number or "" for each in plan.people.values() for phone in each.phones.values()]
    badly = chance.choice([0.0, 0.05, 0.3, 0.9, 1.0])
    return World(
        {key: state(plan, chance) for key in plan.people if chance.random() < badly},
        frozenset(line for line in lines if chance.random() < badly),
        frozenset(trunk for trunk in plan.trunks if chance.random() < badly),
    )


def state(plan: Plan, chance: random.Random) -> Presence:
    match chance.randrange(3):
        case 0:
            return Presence("away")
        case 1:
            return Presence("do not disturb")
        case _:
            numbers = [phone.number for each in plan.people.values() for phone in each.phones.values() if phone.number]
            return Presence("forwarded", None, chance.choice(numbers))


@dataclass
class Federation:
    plan: Plan
    directory: Directory
    numbers: list[E164]

    def call(self, chance: random.Random, outside: World) -> str:
        """How a call ends: answered, message or rejected; `lost` is what must not be."""
        at = federation.AT + timedelta(minutes=chance.randrange(365 * 24 * 60))
        caller = None if chance.random() < 0.05 else chance.choice(self.numbers)
        if chance.random() < 0.2:
            caller = E164(f"+324{chance.randrange(10**8):08}")
        called = chance.choice([did.number for did in self.plan.dids.values()])
        last = OutgoingCall(chance.choice(list(self.plan.people)), at - timedelta(hours=chance.randrange(100)))
        turns = Turns(draw=chance.randrange(1 << 64))
        asked = Call(called, caller, last if caller and chance.random() < 0.2 else None, turns=turns)
        while True:
            found = decide(self.plan, self.directory, outside.presences, asked, at).itinerary
            ends = self._follow(found.steps, asked, outside, chance)
            if not isinstance(ends, Press):
                return ends
            asked = replace(asked, presses=(*asked.presses, ends))

    def _follow(self, steps: Iterable[Step], asked: Call, outside: World, chance: random.Random) -> str | Press:
        for step in in_line(steps):
            match step:
                case Ring(legs) if any(outside.takes(leg, chance) for leg in legs):
                    return "answered"
                case Queue(queue) if self._is_served(queue, outside, chance):
                    return "answered"
                case Menu(menu, keys=keys) if keys and len(asked.presses) < MOST_PRESSES and chance.random() < 0.7:
                    return Press(menu, chance.choice(keys))
                case Voicemail():
                    return "message"
                case HangUp():
                    return "rejected"
        return "lost"

    def _is_served(self, queue: str, outside: World, chance: random.Random) -> bool:
        legs = (leg for member in self.plan.queues[queue].members for leg in legs_of(self.plan, member))
        return any(outside.takes(leg, chance) for leg in legs)


@pytest.fixture(scope="module")
def invented() -> Federation:
    plan = load(federation.document())
    directory = directory_of(read_csv(federation.contacts_csv(), plan).contacts)
    return Federation(plan, directory, list(directory.by_number))


@pytest.mark.timeout(3000)
def test_every_call_of_a_year_ends_well(invented: Federation, tell: Tell) -> None:
    seed = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(10**9))
    ends = Counter[str]()
    lost = []
    for number in range(CALLS):
        if number % AT_ONCE == 0:
            outside = world(invented.plan, random.Random(f"{seed} world {number}"))
        how = invented.call(random.Random(f"{seed} call {number}"), outside)
        ends[how] += 1
        if how == "lost":
            lost.append(number)
    tell(f"CHAOS_SEED={seed}: {CALLS:,} calls, {dict(ends)}")
    assert lost == [], f"CHAOS_SEED={seed}: calls {lost[:10]} reach nobody"
    assert ends.keys() >= {"answered", "message"}
