"""Stories of calls that one of us asks for: what rings, what is dialled, what is refused. The rules: placing.py."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aiguillage.errors import Conflict, NotFound, Refused
from aiguillage.routing import plan as p
from aiguillage.routing.directory import directory_of
from aiguillage.routing.emergency import is_emergency, spellings
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.placing import Placing, Wish, line_of, place
from aiguillage.routing.presence import Presence
from tests.unit.builders import contact, keyed, person, small_plan, told_steps
from tests.unit.examples import CENTRAL, OFFICE_HOURS, SALES, STRANGER

GSM, ABROAD = "+32470000101", "+31201234567"
NATIONAL = keyed(p.Permission("national", (Pattern("+32*"),)))


def ann(**facts: Any) -> p.Person:
    return replace(person("ann", gsm=GSM), **{"extension": "201", "outbound": "national", **facts})


BOB = replace(person("bob"), extension="202")


def plan_of(*people: p.Person, **sections: Any) -> p.Plan:
    return small_plan(people=people or (ann(), BOB), **{"permissions": NATIONAL, **sections})


def placed(
    to: str,
    plan: p.Plan | None = None,
    *,
    who: str = "ann",
    presence: Mapping[str, Presence] | None = None,
    calls_left: int | None = None,
    known: tuple[Any, ...] = (),
) -> Placing:
    return place(plan or plan_of(), directory_of(known), presence or {}, Wish(who, to, calls_left), OFFICE_HOURS)


def rings(placing: Placing) -> str:
    return told_steps(placing.itinerary.steps)


# --- whose phones ring ---


def test_all_phones_ring_where_the_plan_gives_no_order_and_nothing_else_takes_the_call() -> None:
    assert rings(placed(STRANGER)) == "ring ann.desk+ann.gsm* 20, hang up normal"


def test_phones_ring_in_the_order_of_reach_and_in_its_hours() -> None:
    night = p.Hours(when=("never",))
    reach = (p.Reach(("gsm",), 10), p.Reach(("desk",), 15), p.Reach(("desk", "gsm"), 20, night))
    plan = plan_of(ann(reach=reach), schedules=keyed(p.Schedule("never", ())))
    placing = placed(STRANGER, plan)
    assert rings(placing) == "ring ann.gsm* 10, ring ann.desk 15, hang up normal"
    assert [str(remark) for remark in placing.remarks] == ["Ann: desk and gsm not rung, never is closed"]


def test_who_forwards_is_rung_there() -> None:
    presence = {"ann": Presence("forwarded", forward_to=E164("+32470000199"))}
    assert rings(placed(STRANGER, presence=presence)) == "ring ann.forward* 20, hang up normal"


@pytest.mark.parametrize("state", ["away", "do not disturb"])
def test_who_cannot_be_rung_gets_no_call(state: Any) -> None:
    with pytest.raises(Conflict, match="no phone of Ann can be rung now: Ann"):
        placed(STRANGER, presence={"ann": Presence(state)})


def test_who_has_no_phone_gets_no_call() -> None:
    with pytest.raises(Conflict, match="Ann has no phone"):
        placed(STRANGER, plan_of(ann(phones={})))


def test_the_phone_shows_who_is_about_to_be_called() -> None:
    anne = contact("Anne Petit", category="president")
    plan = plan_of(categories=keyed(p.Category("president", "Président")))
    shown = {to: placed(to, plan, known=(anne,)).itinerary.caller_name for to in (STRANGER, "202", "+32470000007")}
    assert shown == {STRANGER: "Anne Petit - Président", "202": "Bob", "+32470000007": "+32470000007"}
    assert placed(STRANGER).itinerary.ours == CENTRAL


# --- what is dialled ---


@pytest.mark.parametrize(
    "to, dials, shows",
    [
        (STRANGER, STRANGER, CENTRAL),
        (" 02 500.00-00 ", "+3225000000", CENTRAL),
        ("0032 2 500 00 00", "+3225000000", CENTRAL),
        ("202", "202", None),
        ("1234", "1234", SALES),
        (CENTRAL, CENTRAL, None),
    ],
)
def test_a_number_in_any_spelling_an_extension_or_a_short_number(to: str, dials: str, shows: str | None) -> None:
    short = p.OutboundRoute("short", (Pattern("1234"),), ("operator",), show="sales")
    plan = plan_of(
        dids=keyed(p.Did("central", CENTRAL, "operator"), p.Did("sales", SALES, "operator")),
        outbound_routes=(short, p.OutboundRoute("all", (Pattern("+*"),), ("operator",))),
        permissions=keyed(p.Permission("national", (Pattern("+32*"), Pattern("1234")))),
    )
    placing = placed(to, plan)
    assert (placing.dials, placing.shows) == (dials, shows)


@pytest.mark.parametrize(
    "to", ["", "toto", "0471/00 02 01;rm", "112\r\nAction: Originate", "+" + "1" * 30, "٠٤٧١٠٠٠٢٠١"]
)
def test_what_is_no_number_is_refused(to: str) -> None:
    with pytest.raises(Refused):
        placed(to)


@pytest.mark.parametrize(
    "to, who, why",
    [
        (ABROAD, "ann", r'Ann cannot call \+31201234567: permission "national" does not hold'),
        (STRANGER, "bob", "Bob cannot call .* may not call outside numbers"),
        ("0900 12 345", "ann", "never dialled"),
        ("299", "ann", "Ann cannot call 299"),
        ("201", "ann", "is a phone of Ann"),
        ("0470 00 01 01", "ann", "is a phone of Ann"),
    ],
)
def test_what_a_person_may_not_call_is_refused(to: str, who: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        placed(to, plan_of(never_dial=(Pattern("+32900*"),)), who=who)


def test_somebody_who_is_not_in_the_plan_cannot_call() -> None:
    with pytest.raises(NotFound, match='person "toto" is not in the plan; write one of ann, bob'):
        placed(STRANGER, who="toto")


def test_with_no_call_left_today_only_the_house_can_be_called() -> None:
    with pytest.raises(Conflict, match="all the calls that it may today"):
        placed(STRANGER, calls_left=0)
    assert placed("202", calls_left=0).dials == "202"


# --- emergency numbers ---

ALL_SPELLINGS = sorted({*dict(spellings("BE")), *dict(spellings("BE")).values()})


@pytest.mark.parametrize(
    "to", [*ALL_SPELLINGS, "1 1 2", "(112)", "105", "+32112", "0032 112", "+32 (0)70 245 245", "070/24.52.45"]
)
def test_an_emergency_number_is_never_placed_whatever_the_plan_permits(to: str) -> None:
    everything = (Pattern("+*"), *(Pattern(number) for number in ("112", "100", "101", "105")))
    plan = plan_of(
        permissions=keyed(p.Permission("national", everything)),
        outbound_routes=(p.OutboundRoute("all", everything, ("operator",)),),
    )
    with pytest.raises(Refused, match="emergency number"):
        placed(to, plan)


def test_other_numbers_are_none() -> None:
    assert not any(is_emergency("BE", number) for number in ("+3271000001", "201", "0471000201", "113", "+32470112112"))


# --- whose line it is ---


def test_the_line_is_the_desk_phone_else_the_first_number() -> None:
    gsm = p.Phone("gsm", "gsm", number=E164(GSM), confirm=True)
    desk = p.Phone("desk", "fixed", endpoint="ann")
    assert line_of(ann(phones=keyed(gsm, desk))) == "ann"
    assert line_of(ann(phones=keyed(gsm))) == GSM
    assert placed(STRANGER).line == "ann"
