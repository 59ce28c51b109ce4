"""The timetable says what `decide` says, for any plan, caller and instant."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, OutgoingCall, decide
from aiguillage.routing.directory import Contact, Directory, directory_of
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.numbers import E164
from aiguillage.routing.timetable import Timetable
from tests.unit.plans import plans

SINCE = datetime(2026, 3, 20, 11, 30, tzinfo=UTC)
"""The clock changes nine days later."""
UNTIL = SINCE + timedelta(days=30)
CALLS = 100
"""To each plan; with 100 plans, 10,000 cases."""


def chosen(chance: random.Random, values: list[str]) -> str | None:
    """One of them, another one, or none."""
    return chance.choice([*values, "another", None])


def contacts(plan: p.Plan, chance: random.Random) -> Iterator[Contact]:
    """People with numbers that the plan's patterns match or just miss, some of them sharing one."""
    begun = [
        pattern.text.rstrip("*")
        for route in plan.inbound_routes
        for pattern in route.caller.numbers
        if pattern.text != "+*"
    ]
    languages = [
        *plan.organisation.languages,
        *(each for route in plan.inbound_routes for each in route.caller.languages),
    ]
    for index in range(30):
        begin = chance.choice([*begun, "+3249900"])
        number = begin if chance.random() < 0.2 else begin + f"{chance.randrange(10**6):06}"
        numbers = {E164(number[:16]), E164(f"+324990000{index // 2:02}")}
        unit, category = chosen(chance, list(plan.units)), chosen(chance, list(plan.categories))
        yield Contact(f"Contact {index}", tuple(numbers), unit, category, chosen(chance, languages))


def call(plan: p.Plan, directory: Directory, chance: random.Random, at: datetime) -> Call:
    number = E164(chance.choice(["+32499000098", *directory.by_number]))
    spans = [each.caller.returning_call for each in plan.inbound_routes if each.caller.returning_call]
    last = None
    if chance.random() < 0.5:
        ago = chance.choice([timedelta(), timedelta(days=1), *spans]) * chance.choice([0.9, 1, 1.1])
        last = OutgoingCall(chance.choice([*plan.people, "gone"]), at - min(ago, timedelta(days=300)))
    called = chance.choice([*(did.number for did in plan.dids.values()), E164("+3265000000")])
    withheld = chance.random() < 0.1
    return Call(called, None if withheld else number, None if withheld else last)


def unnamed(itinerary: Itinerary) -> Itinerary:
    """A row is for everybody of a kind: it knows no name."""
    return replace(itinerary, caller_name="", announced="")


@settings(max_examples=100)
@given(plans(), st.randoms(use_true_random=False))
def test_the_row_that_covers_a_call_takes_it_where_decide_does(plan: p.Plan, chance: random.Random) -> None:
    directory = directory_of(contacts(plan, chance))
    tables = {did: Timetable(plan, did, SINCE, UNTIL) for did in (*plan.dids, None)}
    for _ in range(CALLS):
        at = SINCE + timedelta(minutes=chance.randrange(30 * 24 * 60))
        asked = call(plan, directory, chance, at)
        did = next((did.key for did in plan.dids.values() if did.number == asked.called), None)
        decision = decide(plan, directory, {}, asked, at)
        row = tables[did].row_of(directory, asked, at)
        assert row.decision.route == decision.route
        assert unnamed(row.decision.itinerary) == unnamed(replace(decision.itinerary))
