"""What a change does, told in few lines: as settings and as calls."""

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aiguillage.routing.compare import SettingChange, calls_changed, differing_parts, settings_changed
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.document import dump, load
from aiguillage.routing.numbers import E164
from aiguillage.routing.stops import Stop, stops
from aiguillage.routing.timetable import Timetable
from aiguillage.text_formats import read_yaml
from tests.unit.examples import DIRECTORY, PLAN, PLAN_TEXT, brussels

DOCUMENT = read_yaml(PLAN_TEXT)
SINCE = brussels("2026-11-23 00:00")
UNTIL = SINCE + timedelta(days=366)
Document = dict[str, Any]
Change = Callable[[Document], object]


def changed(change: Change) -> Document:
    document: Document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


# --- As settings ---


def settings(change: Change) -> list[tuple[str, str]]:
    found = settings_changed(dump(PLAN), dump(load(changed(change))))
    return [(each.kind, each.path) for each in found]


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda it: None, []),
        (
            lambda it: it["people"]["tom"]["phones"].update(gsm={"kind": "gsm", "number": "+32470000155"}),
            [("added", "people.tom.phones.gsm")],
        ),
        (lambda it: it["people"]["claire"].pop("outbound"), [("removed", "people.claire.outbound")]),
        (
            lambda it: it["schedules"]["office"]["open"][1].update(hours="09:00-12:00"),
            [("changed", "schedules.office.open[1].hours")],
        ),
        (
            lambda it: it["units"]["liege"]["mandates"].insert(0, {"person": "tom"}),
            [("added", "units.liege.mandates[0]")],
        ),
        (
            lambda it: it["inbound_routes"].insert(0, it["inbound_routes"].pop(6)),
            [("moved", 'inbound_routes["everybody else in office hours"]')],
        ),
        (
            lambda it: it["inbound_routes"][4].update(name="boutique"),
            [("removed", 'inbound_routes["shop"]'), ("added", 'inbound_routes["boutique"]')],
        ),
        (lambda it: it.pop("never_dial"), [("removed", "never_dial")]),
        (lambda it: it["last_resort"]["steps"].pop(0), [("removed", "last_resort.steps[0]")]),
    ],
)
def test_settings_are_told_by_path(change: Change, told: list[tuple[str, str]]) -> None:
    assert settings(change) == told


def test_of_routes_in_another_order_as_few_as_possible_have_moved() -> None:
    chance = random.Random(4)
    for _ in range(50):
        names = [str(number) for number in range(8)]
        moved = list(names)
        chance.shuffle(moved)
        before, after = ({"inbound_routes": [{"name": name} for name in each]} for each in (names, moved))
        told = [each.path.split('"')[1] for each in settings_changed(before, after)]
        kept = [name for name in moved if name not in told]
        assert kept == sorted(kept), "those that are not told have kept their order"
        if moved[1:] == sorted(moved[1:]):
            assert len(told) <= 1


def test_a_change_has_the_values_of_both() -> None:
    (change,) = settings_changed({"queues": {"a": {"max_wait": 30}}}, {"queues": {"a": {"max_wait": 60}}})
    assert change == SettingChange("queues.a.max_wait", "changed", 30, 60)


# --- As calls ---


def test_the_same_plan_changes_no_call() -> None:
    assert calls_changed(PLAN, PLAN, SINCE, UNTIL).changes == ()


def test_what_makes_no_difference_to_a_call_is_no_change_of_calls() -> None:
    renamed = changed(lambda it: it["people"]["claire"].update(email="other@patro.example", name="Claire D."))
    assert calls_changed(PLAN, load(renamed), SINCE, UNTIL).changes == ()


def test_a_change_is_told_exactly_for_the_calls_that_it_changes() -> None:
    """For random calls: a change covers the call if and only if the two plans decide otherwise."""
    changes: list[Change] = [
        lambda it: it["schedules"]["office"]["open"][1].update(hours="09:00-12:30 13:30-15:30"),
        lambda it: it["units"]["liege"]["mandates"].insert(
            0, {"person": "tom", "from": "2027-07-01", "until": "2027-07-31"}
        ),
        lambda it: it["inbound_routes"].insert(0, it["inbound_routes"].pop(6)),
        lambda it: it["inbound_routes"][3]["from"].update(categories=["president"], languages=["de"]),
        lambda it: it["calendars"]["closures"]["dates"].append({"day": "2027-02-01"}),
        lambda it: it["queues"]["front-desk"]["members"].pop(),
    ]
    for number, change in enumerate(changes):
        after = load(changed(change))
        assert _covers_what_differs(after, random.Random(number)) > 0


def _covers_what_differs(after: Any, chance: random.Random) -> int:
    told = calls_changed(PLAN, after, SINCE, UNTIL)
    differing = 0
    for _ in range(4000):
        at = SINCE + timedelta(minutes=chance.randrange(366 * 24 * 60 - 120))
        if told.changes and chance.random() < 0.5:
            at = chance.choice(chance.choice(told.changes).spans).start + timedelta(minutes=chance.randrange(-5, 90))
        did = chance.choice(list(PLAN.dids))
        number = chance.choice([None, E164("+32499000098"), E164("+32659990001"), *DIRECTORY.by_number])
        call = Call(PLAN.dids[did].number, number)
        ways = [stops(plan, decide(plan, DIRECTORY, {}, call, at).itinerary.steps) for plan in (PLAN, after)]
        kinds = list(told.domains[did].kinds_of(DIRECTORY, call, at))
        if len(kinds) > 1:
            continue  # somebody of several kinds is told as one of them
        covered = any(
            change.did == did
            and not change.presses
            and any(span.start <= at < span.end for span in change.spans)
            and any(kinds[0].among(callers) for callers in change.callers)
            for change in told.changes
        )
        assert covered == (ways[0] != ways[1]), (call, at)
        differing += covered
    return differing


def test_a_key_that_leads_elsewhere_is_told_as_that_key() -> None:
    after = load(changed(lambda it: it["menus"]["main"]["keys"].update({"2": [{"ring": "person:tom"}]})))
    (change,) = calls_changed(PLAN, after, SINCE, UNTIL).changes
    assert [(press.menu, press.keys) for press in change.presses] == [("main", "2")]


def test_a_new_number_is_told_as_calls_that_went_to_the_last_resort_before() -> None:
    dids = {**PLAN.dids, "new": replace(PLAN.dids["sales"], key="new", number=E164("+3271000099"))}
    shop = next(route for route in PLAN.inbound_routes if route.name == "shop")
    routes = tuple(replace(route, to=("sales", "new")) if route == shop else route for route in PLAN.inbound_routes)
    told = calls_changed(PLAN, replace(PLAN, dids=dids, inbound_routes=routes), SINCE, UNTIL)
    assert {change.did for change in told.changes} == {"new"}


def test_what_both_begin_and_end_with_is_left_out_of_a_difference() -> None:
    a, b, c, d = (Stop("person", key) for key in "abcd")
    assert differing_parts((a, b, d), (a, c, d)) == ((b,), (c,))
    assert differing_parts((a, b, d), (a, d)) == ((b, d), (d,))
    assert differing_parts((a,), (b, a)) == ((a,), (b, a))
    assert differing_parts((), (a,)) == ((), (a,))


def test_a_table_of_a_number_that_is_none_of_ours_takes_the_routes_for_all_numbers() -> None:
    table = Timetable(PLAN, None, SINCE, UNTIL)
    names = {row.decision.route for row in table.rows()}
    assert names == {"nuisance", "somebody calls us back", "closed"}
