"""In which order a group's members are rung. The rules: turns.py."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.routing.plan import STRATEGIES, RingGroup, Strategy
from aiguillage.routing.turns import FIRST_TURN, Turns, order
from tests.unit.builders import group

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def three(strategy: Strategy) -> RingGroup:
    return group("team", "ann", "bob", "cat", strategy=strategy)


def answered(**minutes_ago: int) -> Turns:
    return Turns(answered={person: NOON - ago * MINUTE for person, ago in minutes_ago.items()})


@pytest.mark.parametrize("strategy", ["ringall", "hunt"])
def test_some_groups_keep_the_plans_order_whatever_has_happened(strategy: Strategy) -> None:
    busy = Turns({"team": 2}, {"ann": NOON}, 5)
    assert order(three(strategy), busy) == ("ann", "bob", "cat")


def test_a_rotary_group_goes_round() -> None:
    rung = [order(three("rotary"), Turns({"team": calls, "other": 1})) for calls in range(5)]
    assert rung == [
        ("ann", "bob", "cat"),
        ("bob", "cat", "ann"),
        ("cat", "ann", "bob"),
        ("ann", "bob", "cat"),
        ("bob", "cat", "ann"),
    ]


def test_a_rotary_group_that_has_lost_a_member_still_goes_round() -> None:
    smaller = group("team", "ann", "bob", strategy="rotary")
    assert [order(smaller, Turns({"team": calls}))[0] for calls in (1_000_000, 1_000_001)] == ["ann", "bob"]


def test_a_random_group_begins_with_each_member_as_often_and_has_each_order_as_often() -> None:
    drawn = [order(three("random"), Turns(draw=draw)) for draw in range(600)]
    assert set(Counter(drawn).values()) == {100}
    assert len(set(drawn)) == 6
    assert {Counter(each[0] for each in drawn)[member] for member in ("ann", "bob", "cat")} == {200}


def test_the_same_draw_gives_the_same_order() -> None:
    assert order(three("random"), Turns(draw=123)) == order(three("random"), Turns(draw=123))


def test_leastrecent_begins_with_who_has_taken_no_call_for_longest() -> None:
    assert order(three("leastrecent"), answered(ann=1, bob=30, cat=5)) == ("bob", "cat", "ann")


def test_who_has_never_taken_a_call_comes_first() -> None:
    assert order(three("leastrecent"), answered(ann=9, bob=1)) == ("cat", "ann", "bob")


def test_among_equals_the_plans_order_holds() -> None:
    assert order(three("leastrecent"), FIRST_TURN) == ("ann", "bob", "cat")
    assert order(three("leastrecent"), answered(ann=5, bob=5, cat=5)) == ("ann", "bob", "cat")
    assert order(three("leastrecent"), answered(ann=5, bob=7, cat=7)) == ("bob", "cat", "ann")


def test_times_are_compared_as_instants_whatever_their_zone() -> None:
    later = NOON.astimezone().replace(microsecond=1)
    turns = Turns(answered={"ann": later, "bob": NOON, "cat": NOON + MINUTE})
    assert order(three("leastrecent"), turns) == ("bob", "ann", "cat")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_group_of_one_rings_that_one(strategy: Strategy) -> None:
    alone = group("team", "ann", strategy=strategy)
    assert order(alone, Turns({"team": 7}, {"ann": NOON}, 1 << 256)) == ("ann",)


@given(
    members=st.lists(st.text("abcdef", min_size=1, max_size=2), min_size=1, max_size=8, unique=True),
    strategy=st.sampled_from(STRATEGIES),
    rung=st.integers(0, 1 << 40),
    draw=st.integers(0, 1 << 256),
    data=st.data(),
)
def test_everybody_is_rung_once_whatever_the_turn(
    members: list[str], strategy: Strategy, rung: int, draw: int, data: st.DataObject
) -> None:
    instants = st.datetimes(timezones=st.just(UTC))
    took = data.draw(st.dictionaries(st.sampled_from([*members, "gone"]), instants))
    found = order(group("team", *members, strategy=strategy), Turns({"team": rung}, took, draw))
    assert sorted(found) == sorted(members)
