"""The timetable says what `decide` says, for any plan, caller and instant: ten thousand calls to a hundred plans."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.document import dump, load
from aiguillage.routing.itinerary import Itinerary, Step
from aiguillage.routing.timetable import Timetable
from tests.unit.plans import plans
from tests.unit.rich_plans import random_call, rich_directory, rich_plan

SINCE = datetime(2026, 11, 23, 8, 17, tzinfo=UTC)
YEAR = timedelta(days=366)
PLANS, CALLS = 100, 100


def unnamed(itinerary: Itinerary) -> Itinerary:
    """A row is for everybody of a kind: it knows no name."""
    return replace(itinerary, caller_name="", announced="")


class Tables:
    """The timetables of a plan, made when they are asked for."""

    def __init__(self, plan: p.Plan, until: datetime) -> None:
        self._plan, self._until = plan, until
        self._tables: dict[str | None, Timetable] = {}

    def of(self, call: Call) -> Timetable:
        did = p.did_of(self._plan, call.called)
        if did not in self._tables:
            self._tables[did] = Timetable(self._plan, did, SINCE, self._until)
        return self._tables[did]


def compare(plan: p.Plan, directory: Directory, table: Timetable, call: Call, at: datetime) -> None:
    decision = decide(plan, directory, {}, call, at)
    row = table.row_of(directory, call, at)
    assert row.decision.route == decision.route, (call, at)
    assert unnamed(row.decision.itinerary) == unnamed(decision.itinerary), (call, at)
    for presses, followed in table.follow(row).items():
        pressed = decide(plan, directory, {}, replace(call, presses=presses), at)
        assert followed.itinerary.steps == pressed.itinerary.steps, (call, at, presses)


@pytest.mark.parametrize("seed", range(PLANS))
def test_the_row_that_covers_a_call_takes_it_where_decide_does(seed: int) -> None:
    plan, chance = rich_plan(seed), random.Random(seed)
    directory, tables = rich_directory(plan, seed), Tables(plan, SINCE + YEAR)
    for _ in range(CALLS):
        at = SINCE + timedelta(minutes=chance.randrange(365 * 24 * 60))
        call = random_call(plan, directory, chance, at)
        table = tables.of(call)
        if chance.random() < 0.3:  # on the edge of an era, or just before it
            at = max(SINCE, chance.choice(table.eras)[0] - chance.choice([0, 1]) * timedelta(minutes=1))
            call = random_call(plan, directory, chance, at)
            table = tables.of(call)
        compare(plan, directory, table, call, at)


@settings(max_examples=60)
@given(plans(), st.randoms(use_true_random=False))
def test_so_it_does_for_the_oddest_plans(plan: p.Plan, chance: random.Random) -> None:
    directory, tables = rich_directory(plan, 1), Tables(plan, SINCE + timedelta(days=20))
    for _ in range(20):
        at = SINCE + timedelta(minutes=chance.randrange(20 * 24 * 60))
        call = random_call(plan, directory, chance, at)
        compare(plan, directory, tables.of(call), call, at)


@pytest.mark.parametrize("seed", range(10))
def test_the_spans_lie_side_by_side_and_every_kind_of_caller_is_in_one_part(seed: int) -> None:
    plan = rich_plan(seed)
    table = Timetable(plan, next(iter(plan.dids)), SINCE, SINCE + YEAR)
    spans = sorted((span for of_state in table.spans.values() for span in of_state), key=lambda span: span.start)
    assert (spans[0].start, spans[-1].end) == (SINCE, SINCE + YEAR)
    assert all(one.end == other.start for one, other in pairwise(spans))
    for state in list(table.spans)[:5]:
        parts = table.parts(state)
        for everybody in table.domain.everybody:
            for kind in table.domain.kinds(everybody):
                assert sum(kind.among(part.callers) for part in parts) == 1


def test_callers_who_speak_other_languages_have_rows_of_their_own_where_asked() -> None:
    plan = rich_plan(3)
    table = Timetable(plan, next(iter(plan.dids)), SINCE, SINCE + timedelta(days=3))
    for row in table.rows(languages=True):
        for language in row.callers.languages:
            kind = replace(row.kind, language=language)
            assert table.decide(kind, row.state, row.route).itinerary.language == row.decision.itinerary.language


@pytest.mark.parametrize("seed", range(20))
def test_a_rich_plan_is_a_whole_one(seed: int) -> None:
    plan = rich_plan(seed)
    assert load(dump(plan)) == plan


def test_rich_plans_reach_every_kind_of_step_and_condition() -> None:
    rich = [rich_plan(seed) for seed in range(20)]
    steps: set[type[Step]] = {
        type(step)
        for plan in rich
        for did in plan.dids
        for row in Timetable(plan, did, SINCE, SINCE + timedelta(days=2)).rows()
        for step in row.decision.itinerary.steps
    }
    assert {each.__name__ for each in steps} == {"Ring", "Play", "Queue", "Menu", "Voicemail", "HangUp"}
    conditions = [route.caller for plan in rich for route in plan.inbound_routes]
    for name in ("numbers", "categories", "units", "languages", "known", "withheld", "returning_call"):
        assert any(getattr(condition, name) for condition in conditions)
