"""Stories of steps: who is rung, on which phones, and what is left out. The rules stand in unfold.py."""

from datetime import date, timedelta

import pytest

from aiguillage.routing import plan as p
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.presence import Presence
from tests.unit.builders import (
    MESSAGE,
    RESPONSIBLE,
    contact,
    group,
    keyed,
    person,
    remarks,
    ring,
    ring_group,
    story_of_steps,
    told,
    unit,
)
from tests.unit.examples import CENTRAL, OFFICE_HOURS

TODAY = OFFICE_HOURS.date()
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
GSM = "+32470000101"
ELSEWHERE = E164("+32470000102")
SHUT = keyed(p.Schedule("shut", ()))

TOM, ANN = person("tom"), person("ann", gsm=GSM)
BOTH = (TOM, ANN)
AWAY = Presence("away")


# --- a person ---


def test_a_person_is_rung_in_the_order_of_their_reach() -> None:
    ann = person("ann", gsm=GSM, reach=(p.Reach(("desk",), 15), p.Reach(("gsm", "desk"), 25)))
    decision = story_of_steps(ring("ann"), MESSAGE, people=[ann]).call()
    assert told(decision) == "ring ann.desk 15, ring ann.gsm*+ann.desk 25, message box"


def test_a_step_of_the_reach_outside_its_hours_is_skipped() -> None:
    reach = (p.Reach(("desk",), 15), p.Reach(("gsm",), 25, p.Hours(when=("shut",))))
    decision = story_of_steps(ring("ann"), MESSAGE, people=[person("ann", gsm=GSM, reach=reach)], schedules=SHUT).call()
    assert told(decision) == "ring ann.desk 15, message box"
    assert remarks(decision) == ["Ann: gsm not rung, shut is closed"]


def test_a_person_without_reach_is_rung_on_all_phones_at_once() -> None:
    assert told(story_of_steps(ring("ann"), MESSAGE, people=BOTH).call()) == "ring ann.desk+ann.gsm* 20, message box"


def test_the_seconds_of_a_step_replace_those_of_the_reach() -> None:
    ann = person("ann", gsm=GSM, reach=(p.Reach(("desk",), 15), p.Reach(("gsm",), 25)))
    decision = story_of_steps(ring("ann", 40), MESSAGE, people=[ann]).call()
    assert told(decision) == "ring ann.desk 40, ring ann.gsm* 40, message box"


def test_a_leg_is_asked_in_its_owners_language() -> None:
    story = story_of_steps(ring("ann"), people=[person("ann", languages="it nl fr")])
    assert story.call().itinerary.steps[0].legs[0].language == "nl"  # type: ignore[union-attr]


def test_a_line_that_two_people_share_is_rung_once() -> None:
    shared = p.Phone("gsm", "gsm", number=E164(GSM), confirm=True)
    bob = p.Person("bob", "Bob", phones={"gsm": shared})
    decision = story_of_steps(
        ring_group("team"), MESSAGE, people=[ANN, bob], ring_groups=keyed(group("team", "ann", "bob"))
    ).call()
    assert told(decision) == "ring ann.desk+ann.gsm* 20, message box"


# --- live state ---


def test_who_is_away_is_not_rung() -> None:
    decision = story_of_steps(ring("ann"), MESSAGE, people=BOTH, presence=(("ann", AWAY),)).call()
    assert (told(decision), remarks(decision)) == ("message box", ["Ann is away"])


@pytest.mark.parametrize(
    "until, rung, remark",
    [
        (OFFICE_HOURS - HOUR, True, []),
        (OFFICE_HOURS, True, []),
        (OFFICE_HOURS + HOUR, False, ["Tom is away until 11:00"]),
        (OFFICE_HOURS + DAY, False, ["Tom is away until 10:00 on 25 November 2026"]),
    ],
)
def test_who_is_away_until_an_hour_is_back_then(until: object, rung: bool, remark: list[str]) -> None:
    away = Presence("away", until=until)  # type: ignore[arg-type]
    decision = story_of_steps(ring("tom"), MESSAGE, people=BOTH, presence=(("tom", away),)).call()
    assert told(decision) == ("ring tom.desk 20, message box" if rung else "message box")
    assert remarks(decision) == remark


def test_who_does_not_want_to_be_disturbed_is_not_rung() -> None:
    quiet = Presence("do not disturb", until=OFFICE_HOURS + HOUR)
    decision = story_of_steps(ring("ann"), MESSAGE, people=BOTH, presence=(("ann", quiet),)).call()
    assert told(decision) == "message box"
    assert remarks(decision) == ["Ann does not want to be disturbed until 11:00"]


def test_who_forwards_is_rung_at_the_other_number_only_and_must_press_1() -> None:
    forwarded = Presence("forwarded", forward_to=ELSEWHERE)
    decision = story_of_steps(ring("ann"), MESSAGE, people=BOTH, presence=(("ann", forwarded),)).call()
    assert told(decision) == "ring ann.forward* 20, message box"
    assert remarks(decision) == [f"Ann forwards to {ELSEWHERE}"]


def test_a_forward_to_one_of_our_own_numbers_never_loops() -> None:
    forwarded = Presence("forwarded", forward_to=CENTRAL)
    decision = story_of_steps(ring("ann"), MESSAGE, people=BOTH, presence=(("ann", forwarded),)).call()
    assert told(decision) == "message box"
    assert remarks(decision)[-1] == f"{CENTRAL} cannot be rung: it is one of our own numbers"


def test_a_forward_to_a_costly_number_is_not_rung() -> None:
    forwarded = Presence("forwarded", forward_to=E164("+32903000001"))
    never = (Pattern("+32903*"),)
    decision = story_of_steps(
        ring("ann"), MESSAGE, people=BOTH, presence=(("ann", forwarded),), never_dial=never
    ).call()
    assert told(decision) == "message box"
    assert remarks(decision)[-1] == "+32903000001 cannot be rung: it is among the numbers that are never dialled"


@pytest.mark.parametrize("state, number", [("forwarded", None), ("away", ELSEWHERE)])
def test_a_number_goes_with_a_forward_and_with_nothing_else(state: str, number: E164 | None) -> None:
    with pytest.raises(ValueError, match="a number goes with forwarded, always"):
        Presence(state, forward_to=number)  # type: ignore[arg-type]


# --- ring groups ---


@pytest.mark.parametrize(
    "strategy, rung",
    [
        ("ringall", "ring tom.desk+ann.desk+ann.gsm* 12"),
        ("hunt", "ring tom.desk 12, ring ann.desk+ann.gsm* 12"),
        ("rotary", "ring tom.desk 12, ring ann.desk+ann.gsm* 12"),
        ("random", "ring tom.desk 12, ring ann.desk+ann.gsm* 12"),
        ("leastrecent", "ring tom.desk 12, ring ann.desk+ann.gsm* 12"),
    ],
)
def test_a_group_rings_by_its_strategy(strategy: p.Strategy, rung: str) -> None:
    groups = keyed(group("team", "tom", "ann", strategy=strategy, seconds=12))
    decision = story_of_steps(ring_group("team"), MESSAGE, people=BOTH, ring_groups=groups).call()
    assert told(decision) == f"{rung}, message box"
    assert remarks(decision) == []


def test_a_members_own_reach_does_not_apply_in_a_group_but_their_live_state_does() -> None:
    reach = (p.Reach(("gsm",), 15, p.Hours(when=("shut",))),)
    members = [person("ann", gsm=GSM, reach=reach), TOM]
    decision = story_of_steps(
        ring_group("team"),
        MESSAGE,
        people=members,
        ring_groups=keyed(group("team", "ann", "tom")),
        schedules=SHUT,
        presence=(("tom", AWAY),),
    ).call()
    assert told(decision) == "ring ann.desk+ann.gsm* 20, message box"


def test_a_group_of_nobody_who_can_be_rung_is_skipped() -> None:
    decision = story_of_steps(
        ring_group("team"),
        MESSAGE,
        people=BOTH,
        ring_groups=keyed(group("team", "tom")),
        presence=(("tom", AWAY),),
    ).call()
    assert told(decision) == "message box"


# --- responsible ---

CLAIRE, MARC, JULIE = (person(each) for each in ("claire", "marc", "julie"))


def responsible_for(
    local: tuple[p.Mandate, ...],
    region: tuple[p.Mandate, ...] = (),
    top: tuple[p.Mandate, ...] = (),
    caller_unit: str | None = "local",
    **given: object,
) -> tuple[str, list[str]]:
    units = keyed(unit("top", *top), unit("region", *region, parent="top"), unit("local", *local, parent="region"))
    story = story_of_steps(
        RESPONSIBLE,
        MESSAGE,
        people=[CLAIRE, MARC, JULIE],
        units=units,
        contacts=(contact(unit=caller_unit),),
        **given,
    )
    decision = story.call()
    return told(decision), remarks(decision)


def test_main_holders_ring_before_deputies() -> None:
    rung, said = responsible_for((p.Mandate("marc", deputy=True), p.Mandate("claire")))
    assert rung == "ring claire.desk 20, ring marc.desk 20, message box"
    assert said == ["responsible: Claire then Marc, for Local"]


def test_the_deputy_rings_when_the_mandate_holder_is_away() -> None:
    mandates = (p.Mandate("claire"), p.Mandate("marc", deputy=True))
    rung, said = responsible_for(mandates, presence=(("claire", AWAY),))
    assert rung == "ring marc.desk 20, message box"
    assert said == ["Claire is away", "responsible: Marc, for Local"]


@pytest.mark.parametrize(
    "first, last, holds",
    [
        (TODAY, TODAY, True),
        (None, TODAY, True),
        (TODAY, None, True),
        (None, TODAY - DAY, False),
        (TODAY + DAY, None, False),
    ],
)
def test_a_mandate_holds_on_its_first_and_its_last_day(first: date | None, last: date | None, holds: bool) -> None:
    rung, _ = responsible_for((p.Mandate("claire", first, last),), (p.Mandate("julie"),))
    assert rung == f"ring {'claire' if holds else 'julie'}.desk 20, message box"


def test_somebody_with_two_mandates_of_a_unit_is_rung_once() -> None:
    rung, _ = responsible_for((p.Mandate("claire", deputy=True), p.Mandate("claire", last=TODAY)))
    assert rung == "ring claire.desk 20, message box"


def test_the_nearest_unit_with_somebody_on_duty_takes_the_call() -> None:
    rung, said = responsible_for((p.Mandate("claire"),), (p.Mandate("julie"),), presence=(("claire", AWAY),))
    assert rung == "ring julie.desk 20, message box"
    assert said == ["Claire is away", "responsible: nobody on duty for Local", "responsible: Julie, for Region"]


def test_the_step_is_skipped_when_the_top_is_reached() -> None:
    rung, said = responsible_for(())
    assert rung == "message box"
    assert said == [
        "responsible: nobody on duty for Local",
        "responsible: nobody on duty for Region",
        "responsible: nobody on duty for Top",
        "responsible: skipped, nobody on duty up to the top",
    ]


@pytest.mark.parametrize(
    "caller_unit, remark",
    [
        (None, "responsible: skipped, the caller belongs to no unit"),
        ("dissolved", "responsible: skipped, unit dissolved is not in the plan"),
    ],
)
def test_a_caller_of_no_unit_has_no_responsible(caller_unit: str | None, remark: str) -> None:
    rung, said = responsible_for((p.Mandate("claire"),), caller_unit=caller_unit)
    assert (rung, said) == ("message box", [remark])


def test_today_is_the_organisations_day() -> None:
    just_after_midnight = OFFICE_HOURS.replace(hour=0, minute=30)  # 23:30 of the day before in UTC
    units = keyed(unit("local", p.Mandate("claire", first=TODAY)))
    story = story_of_steps(RESPONSIBLE, MESSAGE, people=[CLAIRE], units=units, contacts=(contact(unit="local"),))
    assert told(story.call(at=just_after_midnight)) == "ring claire.desk 20, message box"


# --- outside numbers ---


def test_an_outside_number_takes_the_trunks_of_the_first_outbound_route_for_it() -> None:
    routes = (
        p.OutboundRoute("home", (Pattern("+32*"),), ("one", "two")),
        p.OutboundRoute("abroad", (Pattern("+*"),), ("three",)),
    )
    steps = (
        story_of_steps(p.Dial(E164(GSM)), p.Dial(E164("+31201234567")), outbound_routes=routes).call().itinerary.steps
    )
    assert [leg.trunks for step in steps[:2] for leg in step.legs] == [("one", "two"), ("three",)]  # type: ignore[union-attr]


def test_a_number_that_no_outbound_route_takes_is_not_rung() -> None:
    decision = story_of_steps(p.Dial(E164(GSM)), MESSAGE, outbound_routes=()).call()
    assert told(decision) == "message box"
    assert remarks(decision) == [f"{GSM} cannot be rung: no outbound route takes it"]


@pytest.mark.parametrize(
    "step, shown",
    [
        (p.Dial(E164(GSM)), f"ring {GSM}* 30"),
        (p.Dial(E164("+3271000101")), "ring +3271000101 30"),
        (p.Dial(E164(GSM), 45, confirm=False), f"ring {GSM} 45"),
        (p.Dial(E164("+3271000101"), confirm=True), "ring +3271000101* 30"),
    ],
)
def test_a_mobile_number_must_press_1_unless_the_step_says_otherwise(step: p.Dial, shown: str) -> None:
    assert told(story_of_steps(step, MESSAGE).call()) == f"{shown}, message box"


# --- menus, greetings ---


def test_what_follows_a_menu_without_a_key_stands_inside_it() -> None:
    menus = keyed(p.Menu("main", "choices", {}, otherwise=(ring("tom"),)))
    decision = story_of_steps(p.EnterMenu("main"), MESSAGE, people=BOTH, menus=menus).call()
    assert told(decision) == "menu main [ring tom.desk 20], message box"


def test_a_menu_nested_in_itself_is_not_entered_again() -> None:
    menus = keyed(
        p.Menu("main", "choices", {}, otherwise=(p.EnterMenu("sub"),)),
        p.Menu("sub", "choices", {}, otherwise=(p.EnterMenu("main"), ring("tom"))),
    )
    decision = story_of_steps(p.EnterMenu("main"), MESSAGE, people=BOTH, menus=menus).call()
    assert told(decision) == "menu main [menu sub [ring tom.desk 20]], message box"
    assert remarks(decision) == ["menu main is not entered again from within itself"]


def test_a_menu_may_be_entered_again_after_it() -> None:
    menus = keyed(p.Menu("main", "choices", {}))
    decision = story_of_steps(p.EnterMenu("main"), p.EnterMenu("main"), MESSAGE, menus=menus).call()
    assert told(decision) == "menu main [], menu main [], message box"


def test_a_greeting_that_was_just_played_is_not_played_again() -> None:
    boxes = keyed(p.VoicemailBox("box", "Box", greeting="closed"))
    once = story_of_steps(p.Play("closed"), MESSAGE, voicemail_boxes=boxes).call()
    other = story_of_steps(p.Play("welcome"), MESSAGE, voicemail_boxes=boxes).call()
    assert told(once) == "play closed, message box"
    assert told(other) == "play welcome, message box after closed"


def test_a_greeting_just_played_is_not_played_again_by_the_last_resort() -> None:
    boxes = keyed(p.VoicemailBox("box", "Box", greeting="closed"))
    assert told(story_of_steps(p.Play("closed"), voicemail_boxes=boxes).call()) == "play closed, message box"


def test_a_message_may_go_to_a_persons_own_voicemail() -> None:
    assert told(story_of_steps(p.LeaveMessage(person="ann"), people=BOTH).call()) == "message person:ann"
