"""Stories of keys that a caller presses in menus. The rules stand in unfold.py."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import NOBODY_KNOWN
from aiguillage.routing.unfold import Press
from tests.unit.builders import (
    MESSAGE,
    Story,
    group,
    keyed,
    person,
    remarks,
    ring,
    ring_group,
    route,
    small_plan,
    story_of_steps,
    told,
)
from tests.unit.examples import OFFICE_HOURS, PLAN, STRANGER
from tests.unit.plans import plans

PEOPLE = (replace(person("tom"), extension="211"), person("ann"), person("bob"))
MAIN, SUB = p.EnterMenu("main"), p.EnterMenu("sub")


def menu(key: str, *otherwise: p.Step, extensions: bool = False, **keys: tuple[p.Step, ...]) -> p.Menu:
    """`k1` is key 1; `star` and `hash` are the others."""
    names = {"star": "*", "hash": "#"}
    pressed = {names.get(name, name.removeprefix("k")): steps for name, steps in keys.items()}
    return p.Menu(key, "choices", pressed, otherwise, extensions=extensions)


def story(*steps: p.Step, menus: tuple[p.Menu, ...], **given: Any) -> Story:
    return story_of_steps(*steps, people=PEOPLE, menus=keyed(*menus), **given)


MENU = menu("main", ring("bob"), k1=(ring("tom"),), star=(MAIN,), k9=())
SIMPLE = story(p.Play("welcome"), MAIN, ring("ann"), MESSAGE, menus=(MENU,))


# --- a key takes the menu's place ---


def test_without_a_key_the_menu_is_offered_with_its_keys() -> None:
    decision = SIMPLE.call()
    assert told(decision) == "play welcome, menu main [ring bob.desk 20], ring ann.desk 20, message box"
    (offered,) = (step for step in decision.itinerary.steps if isinstance(step, i.Menu))
    assert (offered.keys, offered.wait, offered.attempts, offered.extensions) == ("1*9", 4, 2, False)


def test_a_key_takes_the_menus_place_and_what_follows_the_menu_still_follows() -> None:
    decision = SIMPLE.call(pressed="main:1")
    assert told(decision) == "ring tom.desk 20, ring ann.desk 20, message box"
    assert remarks(decision) == ["menu main: the caller pressed 1"]
    assert decision.route == "the route"


def test_a_key_without_steps_leads_to_what_follows_the_menu() -> None:
    decision = SIMPLE.call(pressed="main:9")
    assert (told(decision), remarks(decision)) == (
        "ring ann.desk 20, message box",
        ["menu main: the caller pressed 9"],
    )


@pytest.mark.parametrize("key", ["7", "#", "11", "211", "**"])
def test_a_key_that_the_menu_has_not_leads_to_otherwise(key: str) -> None:
    decision = SIMPLE.call(pressed=f"main:{key}")
    assert told(decision) == "ring bob.desk 20, ring ann.desk 20, message box"
    assert remarks(decision) == [f"menu main: {key} leads nowhere"]


def test_a_key_may_end_the_call_for_certain() -> None:
    ends = menu("main", k1=(p.HangUp("busy"),))
    assert told(story(MAIN, menus=(ends,)).call(pressed="main:1")) == "hang up busy"


def test_the_last_resort_follows_a_key_that_leads_to_no_certain_end() -> None:
    decision = story(MAIN, menus=(MENU,)).call(pressed="main:1")
    assert told(decision) == "ring tom.desk 20, message box"
    assert remarks(decision)[-1] == "nothing above is a certain end: the last resort follows"


def test_a_greeting_played_before_the_menu_is_played_again_by_the_box_after_it() -> None:
    boxes = keyed(p.VoicemailBox("box", "Box", greeting="closed"))
    told_after = told(
        story(p.Play("closed"), MAIN, MESSAGE, menus=(MENU,), voicemail_boxes=boxes).call(pressed="main:9")
    )
    assert told_after == "message box after closed"


# --- the same menu again ---


def test_a_key_may_lead_back_into_the_menu() -> None:
    again = SIMPLE.call(pressed="main:*")
    assert told(again) == "menu main [ring bob.desk 20], ring ann.desk 20, message box"
    assert told(SIMPLE.call(pressed="main:* main:*")) == told(again)
    assert told(SIMPLE.call(pressed="main:* main:1")) == "ring tom.desk 20, ring ann.desk 20, message box"


def test_a_menu_that_stands_twice_is_offered_again_after_a_key_of_the_first() -> None:
    twice = story(MAIN, ring("ann"), MAIN, MESSAGE, menus=(MENU,))
    once = "ring tom.desk 20, ring ann.desk 20, menu main [ring bob.desk 20], message box"
    assert told(twice.call(pressed="main:1")) == once
    assert told(twice.call(pressed="main:1 main:1")) == "ring tom.desk 20, message box"


# --- menus within menus ---

SUB_MENU = menu("sub", k5=(ring("ann"),))


def test_a_key_may_lead_into_another_menu() -> None:
    nested = story(p.Play("welcome"), MAIN, MESSAGE, menus=(menu("main", k1=(p.Play("more"), SUB)), SUB_MENU))
    assert told(nested.call(pressed="main:1")) == "play more, menu sub [], message box"
    decision = nested.call(pressed="main:1 sub:5")
    assert told(decision) == "ring ann.desk 20, message box"
    assert remarks(decision) == ["menu main: the caller pressed 1", "menu sub: the caller pressed 5"]


def test_a_menu_within_otherwise_is_entered_by_waiting_and_what_follows_both_still_follows() -> None:
    outer = menu("main", p.Play("more"), SUB, ring("bob"), k1=(ring("tom"),))
    nested = story(p.Play("welcome"), MAIN, p.Play("sorry"), MESSAGE, menus=(outer, SUB_MENU))
    offered = "play welcome, menu main [play more, menu sub [], ring bob.desk 20], play sorry, message box"
    assert told(nested.call()) == offered
    assert told(nested.call(pressed="sub:5")) == "ring ann.desk 20, ring bob.desk 20, play sorry, message box"
    assert told(nested.call(pressed="main:1")) == "ring tom.desk 20, play sorry, message box"


def test_a_key_within_otherwise_may_lead_back_to_the_outer_menu() -> None:
    menus = (menu("main", SUB, k1=(ring("tom"),)), menu("sub", star=(MAIN,)))
    nested = story(MAIN, MESSAGE, menus=menus)
    assert told(nested.call(pressed="sub:*")) == "menu main [menu sub []], message box"
    assert told(nested.call(pressed="sub:* main:1")) == "ring tom.desk 20, message box"


def test_of_two_menus_in_a_row_the_second_is_offered_after_a_key_of_the_first() -> None:
    row = story(MAIN, SUB, MESSAGE, menus=(MENU, SUB_MENU))
    assert told(row.call(pressed="main:1")) == "ring tom.desk 20, menu sub [], message box"
    assert told(row.call(pressed="main:1 sub:5")) == "ring ann.desk 20, message box"
    assert told(row.call(pressed="sub:5")) == "ring ann.desk 20, message box"


def test_a_key_in_a_menu_of_the_last_resort_is_followed_by_what_follows_it_there() -> None:
    resort = {"last_resort": (p.Play("sorry"), SUB, ring("bob"), MESSAGE)}
    for at_last in (
        story(ring("tom"), menus=(SUB_MENU,), **resort),
        story(MAIN, menus=(MENU, SUB_MENU), **resort),
        Story(small_plan(people=PEOPLE, menus=keyed(SUB_MENU), **resort)),
    ):
        assert told(at_last.call(pressed="sub:5")) == "ring ann.desk 20, ring bob.desk 20, message box"


# --- extensions ---

BY_EXTENSION = story(
    MAIN,
    MESSAGE,
    menus=(menu("main", ring("bob"), extensions=True, k2=(ring("ann"),)),),
    ring_groups=keyed(replace(group("team", "ann", "bob"), extension="300")),
    queues=keyed(p.Queue("desk", "Desk", ("ann",), extension="400")),
)


@pytest.mark.parametrize(
    "keys, goes_to",
    [
        ("211", "ring tom.desk 20"),
        ("300", "ring ann.desk+bob.desk 20"),
        ("400", "queue desk"),
        ("2", "ring ann.desk 20"),
        ("999", "ring bob.desk 20"),
        ("0470000199", "ring bob.desk 20"),
        ("112", "ring bob.desk 20"),
    ],
)
def test_an_extension_may_be_dialled_where_the_menu_takes_one_and_nothing_else(keys: str, goes_to: str) -> None:
    assert told(BY_EXTENSION.call(pressed=f"main:{keys}")) == f"{goes_to}, message box"


def test_an_extension_with_a_voicemail_takes_the_message_itself() -> None:
    people = (replace(PEOPLE[0], voicemail=p.PersonalVoicemail()), *PEOPLE[1:])
    decision = Story(replace(BY_EXTENSION.plan, people=keyed(*people))).call(pressed="main:211")
    assert told(decision) == "ring tom.desk 20, message person:tom, message box"


def test_a_key_of_the_menu_goes_before_an_extension_of_the_same_digits() -> None:
    same = story(
        MAIN,
        MESSAGE,
        menus=(menu("main", extensions=True, k2=()),),
        ring_groups=keyed(replace(group("team", "ann"), extension="2")),
    )
    assert told(same.call(pressed="main:2")) == "message box"


# --- the plan has changed between two keys ---


def test_a_key_of_a_menu_that_is_not_on_the_way_any_more_still_leads_where_it_leads_now() -> None:
    moved = story(ring("ann"), MESSAGE, menus=(MENU,))
    assert told(moved.call(pressed="main:1")) == "ring tom.desk 20, message box"
    assert told(moved.call(pressed="main:7")) == "ring bob.desk 20, message box"


def test_a_key_of_a_menu_that_is_gone_leads_to_the_last_resort() -> None:
    assert told(story(ring("ann"), MESSAGE, menus=()).call(pressed="gone:1")) == "message box"


def test_only_the_last_key_counts_where_the_way_to_it_is_gone() -> None:
    moved = story(MAIN, MESSAGE, menus=(MENU, SUB_MENU))
    assert told(moved.call(pressed="gone:1 sub:5")) == "ring ann.desk 20, message box"
    assert told(moved.call(pressed="main:1 gone:1")) == "message box"


def test_the_example_leads_parents_to_the_shop_and_the_reception() -> None:
    shop = "ring tom.desk 12, ring sophie.desk 12, message reception after closed"
    assert told(Story(PLAN).call(pressed="main:2")) == shop
    reception = "ring sophie.desk+tom.desk 20, message reception after closed"
    assert told(Story(PLAN).call(pressed="main:1")) == reception
    assert told(Story(PLAN).call(pressed="main:8")) == reception


def test_a_rotary_group_takes_one_turn_however_often_it_stands_in_a_call() -> None:
    rotary = keyed(group("team", "ann", "bob", strategy="rotary"))
    twice = story(MAIN, ring_group("team"), menus=(menu("main", k1=(ring_group("team"),)),), ring_groups=rotary)
    assert twice.call().turns_taken == twice.call(pressed="main:1").turns_taken == ("team",)


# --- whatever is pressed ---


@st.composite
def plans_and_presses(draw: st.DrawFn) -> tuple[p.Plan, list[tuple[Press, ...]]]:
    """A plan that enters its menus, whose last resort ends; and what callers press."""
    plan = draw(plans())
    enters = tuple(p.EnterMenu(key) for key in plan.menus)
    plan = replace(
        plan,
        inbound_routes=(route("all", *draw(st.permutations(enters)), ring(next(iter(plan.people)))),),
        last_resort=(*plan.last_resort, p.HangUp("busy")),
    )
    extensions = [each.extension for each in plan.people.values() if each.extension]
    keys = st.sampled_from([*"0123456789*#", *extensions, "99", "#" * 8])
    press = st.builds(Press, st.sampled_from([*plan.menus, "gone"]), keys)
    return plan, draw(st.lists(st.lists(press, max_size=9).map(tuple), min_size=3, max_size=6))


@settings(max_examples=40)  # of some five calls each
@given(plans_and_presses())
def test_whatever_is_pressed_the_call_still_ends(drawn: tuple[p.Plan, list[tuple[Press, ...]]]) -> None:
    plan, calls = drawn
    for presses in calls:
        called = next(iter(plan.dids.values())).number
        decision = decide(plan, NOBODY_KNOWN, {}, Call(called, STRANGER, None, presses), OFFICE_HOURS)
        assert isinstance(decision.itinerary.steps[-1], i.Voicemail | i.HangUp)
        assert all(str(remark) for remark in decision.trace.remarks)
