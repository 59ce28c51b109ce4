"""Stories of what our own phones dial: where it goes, what it costs, what is refused. The rules: outgoing.py."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.directory import NOBODY_KNOWN
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.outgoing import Dialled, Outgoing, dial, may_dial, shown
from aiguillage.routing.presence import Presence
from aiguillage.routing.turns import Turns
from tests.unit.builders import group, keyed, person, ring, route, small_plan, told_steps
from tests.unit.examples import CENTRAL, OFFICE_HOURS, PLAN, SALES
from tests.unit.plans import plans

BRUSSELS_LANDLINE, GSM, ABROAD = "+3225000000", "+32470000199", "+31201234567"
NATIONAL = keyed(p.Permission("national", (Pattern("+32*"),)))


def ann(**facts: Any) -> p.Person:
    return replace(person("ann"), extension="201", outbound="national", **facts)


def plan_of(*people: p.Person, **sections: Any) -> p.Plan:
    return small_plan(people=people or (ann(),), **{"permissions": NATIONAL, **sections})


def dialled(text: str, plan: p.Plan | None = None, who: str | None = "ann", **given: Any) -> Outgoing:
    presence = given.pop("presence", {})
    return dial(plan or plan_of(), NOBODY_KNOWN, presence, Dialled(who, text, **given), OFFICE_HOURS)


def where(outgoing: Outgoing) -> str:
    return told_steps(outgoing.itinerary.steps)


def why(outgoing: Outgoing) -> list[str]:
    return [str(remark) for remark in outgoing.remarks]


def outside(number: str, shows: str = CENTRAL, trunks: str = "operator") -> str:
    return f"dial {number} over {trunks} showing {shows}, hang up congestion"


NO_SUCH_NUMBER = "play builtin/no-such-number, hang up rejected"
NOT_PERMITTED = "play builtin/not-permitted, hang up rejected"


# --- 1: extensions ---

EXTENSIONS = plan_of(
    ann(),
    replace(person("bob"), extension="202", voicemail=p.PersonalVoicemail()),
    ring_groups=keyed(replace(group("team", "ann", "bob"), extension="300")),
    queues=keyed(p.Queue("desk", "Desk", ("ann",), extension="400", max_wait=60, offer_callback=True)),
    voicemail_boxes=keyed(p.VoicemailBox("box", "Box", extension="500")),
)


@pytest.mark.parametrize(
    "extension, goes_to",
    [
        ("201", "ring ann.desk 20, hang up busy"),
        ("202", "ring bob.desk 20, message person:bob"),
        ("300", "ring ann.desk+bob.desk 20, hang up busy"),
        ("400", "queue desk, hang up busy"),
        ("500", "message box"),
    ],
)
def test_an_extension_rings_what_it_stands_for(extension: str, goes_to: str) -> None:
    outgoing = dialled(extension, EXTENSIONS)
    assert (where(outgoing), outgoing.number) == (goes_to, None)


@pytest.mark.parametrize("text", ["20", "2011", "0201", "201 ", "#201", "299", ""])
def test_what_is_nearly_an_extension_is_none(text: str) -> None:
    assert where(dialled(text, EXTENSIONS)) == NO_SUCH_NUMBER


def test_a_colleague_is_shown_by_name_and_in_their_own_language() -> None:
    outgoing = dialled("202", plan_of(ann(languages=("it", "nl")), replace(person("bob"), extension="202")))
    itinerary = outgoing.itinerary
    assert (itinerary.caller_name, itinerary.announced, itinerary.language) == ("Ann", "Ann", "nl")
    assert itinerary.ours == CENTRAL


def test_a_transferred_caller_is_not_shown_as_the_colleague_who_transfers() -> None:
    itinerary = dialled("202", EXTENSIONS, transfers=True).itinerary
    assert (itinerary.caller_name, itinerary.announced) == ("", "")


def test_a_transferred_caller_who_finds_nobody_goes_on_to_the_last_resort() -> None:
    assert where(dialled("201", EXTENSIONS, transfers=True)) == "ring ann.desk 20, message box"
    without_end = replace(EXTENSIONS, last_resort=(p.Play("sorry"),))
    assert where(dialled("201", without_end, transfers=True)) == "ring ann.desk 20, play sorry, hang up busy"


def test_a_phone_of_nobody_may_ring_extensions() -> None:
    outgoing = dialled("201", EXTENSIONS, who=None)
    assert (where(outgoing), outgoing.itinerary.caller_name) == ("ring ann.desk 20, hang up busy", "")


def test_an_extension_needs_no_permission_and_counts_no_call() -> None:
    plan = replace(EXTENSIONS, people=keyed(*(replace(each, outbound=None) for each in EXTENSIONS.people.values())))
    assert where(dialled("201", plan, calls_left=0)) == "ring ann.desk 20, hang up busy"


def test_a_colleague_who_is_away_is_busy_and_the_remark_says_why() -> None:
    outgoing = dialled("201", EXTENSIONS, presence={"ann": Presence("away")})
    assert (where(outgoing), why(outgoing)) == ("hang up busy", ["Ann is away"])


def test_a_rotary_group_takes_its_turn_when_a_colleague_rings_it() -> None:
    rotary = replace(group("team", "ann", "bob", strategy="rotary"), extension="300")
    outgoing = dialled("300", replace(EXTENSIONS, ring_groups=keyed(rotary)), turns=Turns({"team": 1}))
    assert where(outgoing) == "ring bob.desk 20, ring ann.desk 20, hang up busy"
    assert outgoing.turns_taken == ("team",)


# --- 2: our own numbers ---


@pytest.mark.parametrize("text", [CENTRAL, "003271000001", "071000001"])
def test_one_of_our_own_numbers_is_decided_as_a_call_from_outside(text: str) -> None:
    plan = replace(plan_of(), inbound_routes=(route("all", ring("ann")),))
    outgoing = dialled(text, plan, calls_left=0)
    assert (where(outgoing), outgoing.number) == ("ring ann.desk 20, message box", None)
    assert why(outgoing) == ["nothing above is a certain end: the last resort follows"]


def test_one_of_our_own_numbers_stays_inside_where_an_outbound_route_names_it() -> None:
    named = (p.OutboundRoute("ours", (Pattern(CENTRAL),), ("operator",)),)
    outgoing = dialled(CENTRAL, plan_of(outbound_routes=named))
    assert (where(outgoing), outgoing.number) == ("message box", None)


def test_a_call_to_our_own_number_ends_even_where_the_last_resort_does_not() -> None:
    outgoing = dialled(CENTRAL, plan_of(last_resort=(p.Play("sorry"),)))
    assert where(outgoing) == "play sorry, hang up busy"


# --- 3 and 4: outside numbers ---


@pytest.mark.parametrize(
    "text, number",
    [
        ("025000000", BRUSSELS_LANDLINE),
        ("003225000000", BRUSSELS_LANDLINE),
        ("+3225000000", BRUSSELS_LANDLINE),
        ("0470000199", GSM),
        ("0032470000199", GSM),
        ("+32470000199", GSM),
    ],
)
def test_an_outside_number_in_national_and_in_international_form(text: str, number: str) -> None:
    outgoing = dialled(text)
    assert (where(outgoing), outgoing.number) == (outside(number), number)
    assert why(outgoing) == ['outbound route "all" over operator']


def test_a_short_number_that_a_route_and_the_permission_name_is_sent_as_it_is_dialled() -> None:
    plan = plan_of(
        outbound_routes=(p.OutboundRoute("short", (Pattern("1722"),), ("operator",)),),
        permissions=keyed(p.Permission("national", (Pattern("1722"),))),
    )
    outgoing = dialled("1722", plan)
    assert (where(outgoing), outgoing.number) == (outside("1722"), "1722")
    assert where(dialled("1733", plan)) == NO_SUCH_NUMBER


def test_a_short_number_needs_a_permission_of_its_own() -> None:
    plan = plan_of(
        outbound_routes=(p.OutboundRoute("short", (Pattern("1722"),), ("operator",)),),
        permissions=keyed(p.Permission("national", (Pattern("+*"),))),
    )
    outgoing = dialled("1722", plan)
    assert (where(outgoing), why(outgoing)) == (NOT_PERMITTED, ['permission "national" does not hold 1722'])


@pytest.mark.parametrize("text", ["+*", "+32*", "+32470*"])
def test_a_pattern_of_an_outbound_route_is_no_number_to_dial(text: str) -> None:
    plan = plan_of(outbound_routes=(p.OutboundRoute("all", (Pattern(text),), ("operator",)),))
    outgoing = dialled(text, plan)
    assert (where(outgoing), outgoing.number) == (NO_SUCH_NUMBER, None)


@pytest.mark.parametrize(
    "text",
    [
        "12",
        "025000",
        "0" * 20,
        "9" * 20,
        "+",
        "++3225000000",
        "+999123456",
        "025000000,,123",
        "025000000&PJSIP/trunk/0900123",
        "{number}",
        "{0.__class__}",
        "0250\n00000",
        "٠٢٥٠٠٠٠٠٠",
        "\ud800",
        "x" * 10_000,
    ],
)
def test_what_is_no_number_is_not_sent_and_the_caller_hears_so(text: str) -> None:
    outgoing = dialled(text)
    assert (where(outgoing), outgoing.number) == (NO_SUCH_NUMBER, None)
    assert len(why(outgoing)) == 1


def test_a_number_that_no_outbound_route_takes_is_not_sent() -> None:
    outgoing = dialled("025000000", plan_of(outbound_routes=()))
    assert (where(outgoing), why(outgoing)) == (NO_SUCH_NUMBER, ["no outbound route takes +3225000000"])


def test_the_first_outbound_route_that_takes_a_number_carries_it() -> None:
    plan = plan_of(
        trunks=keyed(*(p.Trunk(key, "127.0.0.1") for key in ("one", "two", "three"))),
        outbound_routes=(
            p.OutboundRoute("mobiles", (Pattern("+32470*"), Pattern("+32471*")), ("two", "one"), "central"),
            p.OutboundRoute("all", (Pattern("+*"),), ("three",), "central"),
        ),
    )
    assert where(dialled("0470000199", plan)) == outside(GSM, trunks="two+one")
    assert where(dialled("025000000", plan)) == outside(BRUSSELS_LANDLINE, trunks="three")
    assert why(dialled("0470000199", plan)) == ['outbound route "mobiles" over two then one']


# --- who may dial what ---


def test_without_a_permission_nothing_outside_may_be_dialled() -> None:
    for plan, who in (
        (plan_of(replace(ann(), outbound=None)), "ann"),
        (plan_of(), None),
        (plan_of(), "gone"),
    ):
        outgoing = dialled("025000000", plan, who)
        assert (where(outgoing), outgoing.number) == (NOT_PERMITTED, None)
        assert why(outgoing) == ["this phone may not call outside numbers"]


def test_an_empty_permission_permits_nothing() -> None:
    internal = plan_of(permissions=keyed(p.Permission("national", ())))
    assert where(dialled("025000000", internal)) == NOT_PERMITTED


def test_a_permission_is_a_list_of_patterns() -> None:
    some = plan_of(permissions=keyed(p.Permission("national", (Pattern("+32470*"), Pattern(BRUSSELS_LANDLINE)))))
    assert where(dialled("0470000199", some)) == outside(GSM)
    assert where(dialled("025000000", some)) == outside(BRUSSELS_LANDLINE)
    outgoing = dialled("025000001", some)
    assert (where(outgoing), why(outgoing)) == (NOT_PERMITTED, ['permission "national" does not hold +3225000001'])


def test_a_national_permission_does_not_reach_abroad() -> None:
    assert where(dialled("0031201234567")) == NOT_PERMITTED
    abroad = plan_of(permissions=keyed(p.Permission("national", (Pattern("+*"),))))
    assert where(dialled("0031201234567", abroad)) == outside(ABROAD)


@pytest.mark.parametrize("text", ["090312345", "003290312345", "+3290312345", "+32090312345", "003209031 2345"])
def test_a_costly_number_is_never_dialled_in_any_spelling(text: str) -> None:
    plan = plan_of(permissions=keyed(p.Permission("national", (Pattern("+*"),))), never_dial=(Pattern("+32903*"),))
    outgoing = dialled(text, plan)
    assert outgoing.number is None
    assert where(outgoing) in {NOT_PERMITTED, NO_SUCH_NUMBER}


def test_never_dial_is_told_before_the_permission() -> None:
    plan = plan_of(never_dial=(Pattern("+31*"), Pattern("1722")))
    for number in (ABROAD, "1722"):
        assert str(may_dial(plan, "ann", number)) == f"{number} is among the numbers that are never dialled"
        assert str(may_dial(plan, None, number)) == f"{number} is among the numbers that are never dialled"
    assert may_dial(plan, "ann", GSM) is None


@pytest.mark.parametrize("left, goes_to", [(None, outside(GSM)), (1, outside(GSM)), (0, None), (-3, None)])
def test_a_phone_places_as_many_calls_in_a_day_as_it_may(left: int | None, goes_to: str | None) -> None:
    outgoing = dialled("0470000199", calls_left=left)
    assert where(outgoing) == (goes_to or "play builtin/too-many-calls, hang up rejected")
    assert (outgoing.number is None) is (goes_to is None)


def test_who_may_not_dial_is_not_told_of_a_limit() -> None:
    assert where(dialled("0031201234567", calls_left=0)) == NOT_PERMITTED


def test_what_is_refused_is_said_in_the_language_of_whoever_dials() -> None:
    assert dialled("12", plan_of(ann(languages=("de",)))).itinerary.language == "de"
    assert dialled("12", plan_of(ann(languages=("it",)))).itinerary.language == "fr"
    assert dialled("12", who=None).itinerary.language == "fr"


def test_nobody_of_the_example_dials_a_costly_number() -> None:
    assert {key for key in PLAN.people if may_dial(PLAN, key, "+3290312345") is None} == set()
    assert {key for key in PLAN.people if may_dial(PLAN, key, GSM) is None} == {"claire", "sophie"}
    assert {key for key in PLAN.people if may_dial(PLAN, key, ABROAD) is None} == {"sophie"}


# --- the number shown ---

TWO_TRUNKS = plan_of(
    trunks=keyed(p.Trunk("operator", "127.0.0.1"), p.Trunk("other", "127.0.0.1")),
    dids=keyed(p.Did("central", CENTRAL, "operator"), p.Did("sales", SALES, "other")),
)


@pytest.mark.parametrize(
    "trunks, show, number",
    [
        (("operator",), "sales", SALES),
        (("operator",), None, CENTRAL),
        (("other",), None, SALES),
        (("other", "operator"), None, CENTRAL),  # the first of our numbers that is on any of them
        (("spare",), None, CENTRAL),
    ],
)
def test_the_other_side_sees_a_number_of_ours(trunks: tuple[str, ...], show: str | None, number: str) -> None:
    assert shown(TWO_TRUNKS, p.OutboundRoute("all", (Pattern("+*"),), trunks, show)) == number


def test_without_a_number_of_ours_nothing_is_dialled() -> None:
    outgoing = dialled("0470000199", plan_of(dids={}))
    assert (where(outgoing), outgoing.number) == (NO_SUCH_NUMBER, None)
    assert why(outgoing) == ['outbound route "all" has no number of ours to show']


# --- whatever is dialled ---

DIALLED_TEXTS = st.one_of(
    st.text(),
    st.text("+0123456789*#", max_size=22),
    st.from_regex(r"(\+|00)?32(0)?(470|471|2|90[0-9])[0-9]{4,8}", fullmatch=True),
    st.sampled_from(["112", "100", "1722", "200", "300", "400", "500", "+*", "+32*", "071000001", "+3271000000"]),
)


@st.composite
def plans_and_calls(draw: st.DrawFn) -> tuple[p.Plan, list[Dialled]]:
    """A plan, and what is dialled: anything, and what the plan itself names."""
    plan = draw(plans())
    named = [each.text for route in plan.outbound_routes for each in route.numbers]
    named += [str(each.number) for each in plan.dids.values()]
    texts = DIALLED_TEXTS | st.sampled_from(named)
    people = st.sampled_from([None, "gone", *plan.people])
    left, turns = st.none() | st.integers(-1, 2), st.builds(Turns, draw=st.integers(0, 99))
    calls = st.builds(Dialled, people, texts, left, turns, st.booleans())
    return plan, draw(st.lists(calls, min_size=4, max_size=8))


@settings(max_examples=40)  # of some six calls each
@given(plans_and_calls())
def test_whatever_is_dialled_the_call_ends_and_costs_nothing_that_is_forbidden(
    drawn: tuple[p.Plan, list[Dialled]],
) -> None:
    plan, calls = drawn
    for call in calls:
        outgoing = dial(plan, NOBODY_KNOWN, {}, call, OFFICE_HOURS)
        steps = outgoing.itinerary.steps
        assert isinstance(steps[-1], i.HangUp | i.Voicemail)
        numbers = [step.number for step in steps if isinstance(step, i.DialOut)]
        assert numbers == ([] if outgoing.number is None else [outgoing.number])
        for number in numbers:
            assert number.lstrip("+").isdecimal()
            assert not any(pattern.matches(number) for pattern in plan.never_dial)
            assert E164(number) not in {did.number for did in plan.dids.values()}
            assert plan.people[str(call.person)].outbound is not None
            assert call.calls_left is None or call.calls_left > 0
        assert all(isinstance(line, str) for line in outgoing.describe()["remarks"])
