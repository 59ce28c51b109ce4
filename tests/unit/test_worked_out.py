"""What is kept with a plan because every call asks it: it changes no decision, and no other plan has it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.document import load
from aiguillage.routing.numbers import Pattern
from aiguillage.routing.presence import Presence
from aiguillage.text_formats import read_yaml
from tests.unit.builders import MESSAGE, contact, keyed, person, remarks, ring, story_of_steps, told, unit
from tests.unit.examples import (
    CENTRAL,
    CHRISTMAS,
    CONTACTS,
    DIRECTORY,
    NIGHT,
    OFFICE_HOURS,
    PLAN_TEXT,
    RUSH_HOUR,
    STRANGER,
)

INSTANTS = [OFFICE_HOURS, RUSH_HOUR, NIGHT, CHRISTMAS, OFFICE_HOURS.replace(second=59), OFFICE_HOURS]


@pytest.mark.parametrize("caller", [STRANGER, *(contact.numbers[0] for contact in CONTACTS[:6])])
def test_a_plan_that_has_seen_many_calls_decides_as_a_new_one(caller: str) -> None:
    used = load(read_yaml(PLAN_TEXT))

    def decided(plan: p.Plan, at: datetime) -> object:
        return decide(plan, DIRECTORY, {}, Call(CENTRAL, caller), at)  # type: ignore[arg-type]

    for at in INSTANTS * 2:
        assert decided(used, at) == decided(load(read_yaml(PLAN_TEXT)), at)
    assert used.worked_out, "it has kept something"
    assert used == load(read_yaml(PLAN_TEXT))


def test_a_phone_that_cannot_be_rung_is_remarked_each_time() -> None:
    ann = person("ann", gsm="+32470000101")
    story = story_of_steps(ring("ann"), MESSAGE, people=[ann], never_dial=(Pattern("+3247*"),))
    twice = [story.call() for _ in range(2)]
    assert [told(decision) for decision in twice] == ["ring ann.desk 20, message box"] * 2
    assert len({tuple(remarks(decision)) for decision in twice}) == 1
    assert "never dialled" in remarks(twice[1])[0]


def test_a_changed_plan_has_worked_nothing_out() -> None:
    used = load(read_yaml(PLAN_TEXT))
    decide(used, DIRECTORY, {}, Call(CENTRAL, STRANGER), OFFICE_HOURS)
    assert replace(used, never_dial=()).worked_out == {}


ANN, BOB = person("ann"), person("bob")
BOTH, BOB_ALONE = "ring ann.desk 20, ring bob.desk 20, message box", "ring bob.desk 20, message box"


def test_a_mandate_that_has_ended_is_over_for_a_plan_that_has_seen_it_hold() -> None:
    north = unit("north", p.Mandate("ann", last=OFFICE_HOURS.date()), p.Mandate("bob", deputy=True))
    steps = (p.Ring(p.Responsible()), MESSAGE)
    story = story_of_steps(*steps, people=[ANN, BOB], units=keyed(north), contacts=(contact(unit="north"),))
    days = [OFFICE_HOURS + timedelta(days=later) for later in (0, 0, 1, 1, 0)]
    assert [told(story.call(at=day)) for day in days] == [BOTH, BOTH, BOB_ALONE, BOB_ALONE, BOTH]


def test_who_is_away_is_left_out_by_a_plan_that_has_seen_them_ring() -> None:
    plan = story_of_steps(ring("ann"), ring("bob"), MESSAGE, people=[ANN, BOB]).plan
    presences: list[dict[str, Presence]] = [{}, {"ann": Presence("away")}] * 2
    rung = [told(decide(plan, DIRECTORY, each, Call(CENTRAL, STRANGER), OFFICE_HOURS)) for each in presences]
    assert rung == [BOTH, BOB_ALONE] * 2
