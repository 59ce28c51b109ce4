"""Stories of calls: which route takes a call, and who is calling. The rules stand in decide.py."""

from datetime import timedelta

import pytest

from aiguillage.routing import plan as p
from aiguillage.routing.decide import OutgoingCall
from aiguillage.routing.numbers import E164, Pattern
from tests.unit.builders import (
    LAST_COLLEAGUE,
    MESSAGE,
    RESPONSIBLE,
    Story,
    contact,
    keyed,
    person,
    reasons,
    remarks,
    ring,
    route,
    small_plan,
    story_of_steps,
    told,
    unit,
)
from tests.unit.examples import (
    BRUSSELS,
    CAMPS,
    CENTRAL,
    DIRECTORY,
    NIGHT,
    OFFICE_HOURS,
    PLAN,
    SALES,
    STRANGER,
    brussels,
)

ALWAYS_OPEN = p.Schedule("open", (p.Opening(tuple(range(7)), (p.Span(0, 1440),)),))
NEVER_OPEN = p.Schedule("shut", ())
SCHEDULES = keyed(ALWAYS_OPEN, NEVER_OPEN)
TREE = keyed(unit("top"), unit("region", parent="top"), unit("local", parent="region"), unit("other", parent="top"))


def asks(**conditions: object) -> p.CallerCondition:
    return p.CallerCondition(**conditions)  # type: ignore[arg-type]


def taken_by(caller: p.CallerCondition, story_contact: dict[str, str] | None = None) -> bool:
    """Whether a route that asks for `caller` takes the call of a contact, or of a stranger."""
    contacts = () if story_contact is None else (contact(**story_contact),)
    story = Story(small_plan(route("asked", caller=caller), units=TREE), contacts)
    return story.call().route == "asked"


# --- 1 and 2: the first route whose conditions all hold ---


def test_the_first_route_that_matches_takes_the_call() -> None:
    assert Story(small_plan(route("one"), route("two"))).call().route == "one"


def test_a_route_is_for_the_numbers_it_names() -> None:
    second = p.Did("second", E164("+3271000009"), "operator")
    plan = small_plan(route("second only", to=("second",)), route("all numbers"))
    story = Story(small_plan(*plan.inbound_routes, dids={**plan.dids, "second": second}))
    assert story.call(called=second.number).route == "second only"
    assert story.call().route == "all numbers"
    assert reasons(story.call()) == {"second only": "is for second"}


def test_a_number_that_is_none_of_ours_takes_a_route_for_every_number() -> None:
    story = Story(small_plan(route("central only", to=("central",)), route("all numbers")))
    decision = story.call(called=E164("+3271999999"))
    assert (decision.route, decision.trace.did) == ("all numbers", None)
    assert decision.itinerary.ours == CENTRAL  # what a GSM may be shown


def test_any_value_of_a_condition_is_enough() -> None:
    assert taken_by(asks(categories=("president", "animator")), {"category": "animator"})


def test_all_conditions_must_hold() -> None:
    both = asks(categories=("president",), languages=("de",))
    assert taken_by(both, {"category": "president", "language": "de"})
    assert not taken_by(both, {"category": "president", "language": "fr"})


@pytest.mark.parametrize(
    "hours, holds",
    [
        (p.Hours(when=("open",)), True),
        (p.Hours(when=("open", "shut")), False),
        (p.Hours(unless=("shut",)), True),
        (p.Hours(unless=("shut", "open")), False),
        (p.Hours(when=("open",), unless=("shut",)), True),
        (p.Hours(when=("shut",), unless=("shut",)), False),
    ],
)
def test_every_when_is_open_and_every_unless_is_closed(hours: p.Hours, holds: bool) -> None:
    decision = Story(small_plan(route("asked", hours=hours), schedules=SCHEDULES)).call()
    assert (decision.route == "asked") is holds


def test_the_trace_says_why_each_earlier_route_was_passed_over() -> None:
    routes = (
        route("closed now", hours=p.Hours(when=("shut",))),
        route("open now", hours=p.Hours(unless=("open",))),
        route("presidents", caller=asks(categories=("president",))),
        route("the box"),
    )
    story = Story(small_plan(*routes, schedules=SCHEDULES), (contact(category="parent", unit="local"),))
    assert reasons(story.call()) == {
        "closed now": "shut is closed",
        "open now": "open is open",
        "presidents": "asks for president; the caller is Anne (parent, local)",
    }


@pytest.mark.parametrize(
    "wanted, unit_of_caller, taken",
    [
        ("region", "local", True),
        ("region", "region", True),
        ("region", "other", False),
        ("local", "region", False),
    ],
)
def test_a_unit_stands_for_itself_and_all_below_it(wanted: str, unit_of_caller: str, taken: bool) -> None:
    assert taken_by(asks(units=(wanted,)), {"unit": unit_of_caller}) is taken


def test_a_caller_of_a_unit_that_the_plan_no_longer_has_belongs_nowhere() -> None:
    assert not taken_by(asks(units=("top",)), {"unit": "dissolved"})


def test_known_and_unknown_callers_are_told_apart() -> None:
    assert taken_by(asks(known=True), {})
    assert not taken_by(asks(known=True))
    assert taken_by(asks(known=False))
    assert not taken_by(asks(known=False), {})


def test_a_number_pattern_takes_every_number_that_begins_so() -> None:
    assert taken_by(asks(numbers=(Pattern("+32499*"),)))
    assert not taken_by(asks(numbers=(Pattern("+32498*"),)))
    assert taken_by(asks(numbers=(Pattern("+32498*"), Pattern(STRANGER))))


def test_the_nuisance_caller_of_the_example_is_turned_away() -> None:
    decision = Story(PLAN).call(caller=E164("+3265999123"))
    assert (decision.route, told(decision)) == ("nuisance", "hang up rejected")


@pytest.mark.parametrize("at", [OFFICE_HOURS, NIGHT])
def test_the_camps_line_rings_day_and_night(at: object) -> None:
    decision = Story(PLAN, DIRECTORY.by_number[E164("+32471000205")]).call(called=CAMPS, at=at)  # type: ignore[arg-type]
    claire = "ring claire.desk 15, " + ("ring claire.desk+claire.gsm* 20, " if at is OFFICE_HOURS else "")
    assert decision.route == "camps, day and night"
    assert told(decision) == (
        f"ring marc.desk+marc.gsm* 25, {claire}ring +32470000199* 30, message reception after closed"
    )


def test_the_shop_rings_one_after_the_other() -> None:
    decision = Story(PLAN).call(called=SALES)
    assert told(decision) == "ring tom.desk 12, ring sophie.desk 12, message reception after closed"


# --- returning_call ---


@pytest.mark.parametrize(
    "ago, route_taken",
    [
        (timedelta(), "somebody calls us back"),
        (timedelta(days=6, hours=23), "somebody calls us back"),
        (timedelta(days=7), "somebody calls us back"),
        (timedelta(days=7, seconds=1), "everybody else in office hours"),
        (timedelta(seconds=-1), "everybody else in office hours"),
    ],
)
def test_a_call_is_returned_within_seven_days(ago: timedelta, route_taken: str) -> None:
    outgoing = OutgoingCall("tom", OFFICE_HOURS - ago)
    assert Story(PLAN).call(last_outgoing=outgoing).route == route_taken


def test_whoever_called_last_is_rung_first_when_the_call_is_returned() -> None:
    decision = Story(PLAN).call(last_outgoing=OutgoingCall("tom", OFFICE_HOURS))
    assert told(decision) == "ring tom.desk 20, ring sophie.desk+tom.desk 20, message reception after closed"


def test_twelve_hours_are_twelve_hours_when_the_clock_changes_between() -> None:
    half_a_day = asks(returning_call=timedelta(hours=12))
    story = Story(small_plan(route("back", caller=half_a_day)))
    now = brussels("2026-10-25 08:00")  # the clock showed 02:00 to 03:00 twice
    assert story.call(at=now, last_outgoing=OutgoingCall("tom", brussels("2026-10-24 20:30"))).route is None
    assert story.call(at=now, last_outgoing=OutgoingCall("tom", brussels("2026-10-24 21:30"))).route == "back"


def test_last_colleague_is_skipped_where_nobody_called() -> None:
    decision = story_of_steps(LAST_COLLEAGUE, MESSAGE).call()
    assert told(decision) == "message box"
    assert remarks(decision) == ["last-colleague: skipped, none of us has called this number"]


def test_last_colleague_is_skipped_where_they_have_left() -> None:
    decision = story_of_steps(LAST_COLLEAGUE, MESSAGE).call(last_outgoing=OutgoingCall("gone", OFFICE_HOURS))
    assert told(decision) == "message box"
    assert remarks(decision) == ["last-colleague: skipped, gone is not in the plan"]


# --- 3: callers who withhold their number ---


@pytest.mark.parametrize(
    "condition",
    [
        {"numbers": (Pattern("+*"),)},
        {"known": False},
        {"known": True},
        {"withheld": False},
        {"categories": ("president",)},
        {"units": ("top",)},
        {"languages": ("fr",)},
        {"returning_call": timedelta(days=7)},
    ],
)
def test_a_withheld_caller_matches_no_condition_on_the_caller(condition: dict[str, object]) -> None:
    decision = Story(small_plan(route("asked", caller=asks(**condition)), route("all"), units=TREE)).call(caller=None)
    assert decision.route == "all"
    assert reasons(decision) == {"asked": "the caller withholds the number"}


def test_a_withheld_caller_matches_withheld() -> None:
    story = Story(small_plan(route("hidden", caller=asks(withheld=True)), route("all")))
    assert story.call(caller=None).route == "hidden"
    assert story.call().route == "all"
    assert reasons(story.call()) == {"hidden": "is for callers who withhold their number"}


# --- 4: one number, several contacts ---


def test_a_number_of_two_roles_takes_the_first_route_that_either_matches() -> None:
    parent, president = contact("Anne", category="parent"), contact("Anne", category="president")
    story = Story(
        small_plan(
            route("presidents", caller=asks(categories=("president",))),
            route("parents", caller=asks(categories=("parent",))),
        ),
        (parent, president),
    )
    decision = story.call()
    assert (decision.route, decision.trace.contact) == ("presidents", president)
    assert decision.trace.candidates == (parent, president)


def test_conditions_must_hold_for_one_and_the_same_contact() -> None:
    contacts = (
        contact("Anne", category="president", language="fr"),
        contact("Bob", category="parent", language="de"),
    )
    both = asks(categories=("president",), languages=("de",))
    story = Story(small_plan(route("German presidents", caller=both), route("all")), contacts)
    assert story.call().route == "all"


def test_two_contacts_of_different_units_ring_the_unit_of_the_one_the_route_took() -> None:
    units = keyed(unit("north", p.Mandate("nora")), unit("south", p.Mandate("sami")))
    contacts = (contact("Anne", unit="north", language="fr"), contact("Bob", unit="south", language="nl"))
    of_the_south = route("south", RESPONSIBLE, MESSAGE, caller=asks(units=("south",)))
    anybody = route("anybody", RESPONSIBLE, MESSAGE)
    people = (person("nora"), person("sami"))

    to_the_south = Story(small_plan(of_the_south, anybody, people=people, units=units), contacts).call()
    assert told(to_the_south) == "ring sami.desk 20, message box"
    assert (to_the_south.itinerary.caller_name, to_the_south.itinerary.language) == ("Bob - South", "nl")

    to_the_first = Story(small_plan(anybody, people=people, units=units), contacts).call()
    assert told(to_the_first) == "ring nora.desk 20, message box"
    assert (to_the_first.itinerary.caller_name, to_the_first.itinerary.language) == ("Anne - North", "fr")


def test_anne_lambert_of_the_example_has_two_roles_on_her_mobile_and_one_on_her_landline() -> None:
    mobile, landline = (DIRECTORY.by_number[E164(each)] for each in ("+32471000201", "+3271000201"))
    assert [each.category for each in mobile] == ["president", "parent"]
    assert [each.category for each in landline] == ["president"]


@pytest.mark.parametrize("language, spoken", [("nl", "nl"), ("it", "fr"), (None, "fr")])
def test_a_call_is_in_the_callers_language_where_we_speak_it(language: str | None, spoken: str) -> None:
    assert story_of_steps(MESSAGE, contacts=(contact(language=language),)).call().itinerary.language == spoken


# --- 6: a certain end ---


def test_the_last_resort_takes_a_call_that_no_route_takes() -> None:
    decision = Story(small_plan(route("closed", hours=p.Hours(when=("shut",))), schedules=SCHEDULES)).call()
    assert (decision.route, told(decision)) == (None, "message box")
    assert remarks(decision) == ["no route takes this call: the last resort does"]


def test_the_last_resort_follows_a_route_without_a_certain_end() -> None:
    decision = story_of_steps(ring("tom"), people=[person("tom")]).call()
    assert told(decision) == "ring tom.desk 20, message box"
    assert remarks(decision) == ["nothing above is a certain end: the last resort follows"]


@pytest.mark.parametrize("end, shown", [(MESSAGE, "message box"), (p.HangUp("busy"), "hang up busy")])
def test_a_message_box_and_a_hang_up_are_certain_ends(end: p.Step, shown: str) -> None:
    decision = story_of_steps(end).call()
    assert (told(decision), remarks(decision)) == (shown, [])


def test_a_queue_and_a_menu_are_no_certain_ends() -> None:
    menus = keyed(p.Menu("main", "choices", {}, otherwise=(MESSAGE,)))
    queues = keyed(p.Queue("q", "Queue", members=("ann",)))
    assert told(story_of_steps(p.JoinQueue("q"), queues=queues).call()) == "queue q, message box"
    assert told(story_of_steps(p.EnterMenu("main"), menus=menus).call()) == "menu main [message box], message box"


def test_the_instant_may_come_in_any_time_zone() -> None:
    decisions = {told(Story(PLAN).call(at=OFFICE_HOURS.astimezone(zone))) for zone in (BRUSSELS, None)}
    assert len(decisions) == 1
