"""The almanac says what `decide` says, for any plan, caller and instant: as far as it goes."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.routing import plan as p
from aiguillage.routing.almanac import Almanac, almanac_of, sizes
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.timetable import Timetable
from tests.unit.examples import DIRECTORY, PLAN
from tests.unit.plans import plans
from tests.unit.rich_plans import random_call, rich_directory, rich_plan

SINCE = datetime(2026, 11, 23, 8, 17, tzinfo=UTC)
WEEKS = timedelta(days=35)
PLANS, CALLS = 60, 60


def unnamed(itinerary: Itinerary | None) -> Itinerary | None:
    """A page is for everybody of a class: it knows no name."""
    return itinerary and replace(itinerary, caller_name="", announced="")


def compare(plan: p.Plan, directory: Directory, almanac: Almanac, call: Call, at: datetime) -> None:
    asked = replace(call, last_outgoing=None)
    decision = decide(plan, directory, {}, asked, at)
    assert almanac.itinerary(call.called, call.caller, at) == unnamed(decision.itinerary), (call, at)


@pytest.mark.parametrize("seed", range(PLANS))
def test_the_almanac_takes_a_call_where_decide_does(seed: int) -> None:
    plan, chance = rich_plan(seed), random.Random(seed)
    directory = rich_directory(plan, seed)
    almanac = almanac_of(plan, directory, SINCE, SINCE + WEEKS)
    edges = [at for book in almanac.books.values() for at, _ in book.columns]
    for _ in range(CALLS):
        at = SINCE + timedelta(minutes=chance.randrange(35 * 24 * 60))
        if chance.random() < 0.3:
            at = max(SINCE, chance.choice(edges) - chance.choice([0, 1]) * timedelta(seconds=1))
        compare(plan, directory, almanac, random_call(plan, directory, chance, at), at)


@settings(max_examples=40)
@given(plans(), st.randoms(use_true_random=False))
def test_so_it_does_for_the_oddest_plans(plan: p.Plan, chance: random.Random) -> None:
    directory = rich_directory(plan, 1)
    almanac = almanac_of(plan, directory, SINCE, SINCE + WEEKS)
    for _ in range(20):
        at = SINCE + timedelta(minutes=chance.randrange(35 * 24 * 60))
        compare(plan, directory, almanac, random_call(plan, directory, chance, at), at)


@pytest.mark.parametrize("seed", range(20))
def test_it_knows_what_follows_every_key(seed: int) -> None:
    plan, chance = rich_plan(seed), random.Random(seed)
    directory = rich_directory(plan, seed)
    almanac = almanac_of(plan, directory, SINCE, SINCE + WEEKS)
    for _ in range(20):
        at = SINCE + timedelta(minutes=chance.randrange(35 * 24 * 60))
        call = replace(random_call(plan, directory, chance, at), last_outgoing=None)
        did = p.did_of(plan, call.called)
        table = Timetable(plan, did, SINCE, SINCE + WEEKS)
        for presses in table.follow(table.row_of(directory, call, at)):
            pressed = decide(plan, directory, {}, replace(call, presses=presses), at).itinerary
            assert almanac.itinerary(call.called, call.caller, at, presses) == unnamed(pressed)


def test_outside_its_time_it_says_nothing() -> None:
    almanac = almanac_of(PLAN, DIRECTORY, SINCE, SINCE + WEEKS)
    number = next(iter(PLAN.dids.values())).number
    assert almanac.itinerary(number, None, SINCE) is not None
    assert almanac.itinerary(number, None, SINCE - timedelta(seconds=1)) is None
    assert almanac.itinerary(number, None, SINCE + WEEKS) is None


def test_it_is_small() -> None:
    """Callers who are alike share a class, and what is alike is written once."""
    known, classes, pages, crossings = sizes(almanac_of(PLAN, DIRECTORY, SINCE, SINCE + WEEKS))
    assert known == len(DIRECTORY.by_number)
    assert classes <= known
    assert pages < 60
    assert crossings < 400
