"""What is no part of the plan: where people are, who waits to be called back, what calls leave behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from aiguillage.errors import Conflict, NotFound
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import AVAILABLE, Presence
from aiguillage.store import callbacks, memory, presences
from aiguillage.store.callbacks import CallbackRequest
from aiguillage.store.database import Database
from aiguillage.store.memory import CalledOut, TurnTaken
from aiguillage.store.revisions import Revisions, changed, revisions

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GSM = E164("+32470000199")
TODAY = date(2026, 11, 24)

# --- presence ---


def set_state(database: Database, person: str, state: Presence) -> None:
    with database.writing() as session:
        presences.replace(session, person, state, "tests", NOON)


def states(database: Database) -> dict[str, Presence]:
    with database.reading() as session:
        return dict(presences.all_presences(session))


def test_a_state_comes_back_as_it_was_set_and_the_next_one_replaces_it(database: Database) -> None:
    forwarded = Presence("forwarded", NOON + MINUTE, GSM)
    set_state(database, "ann", Presence("away"))
    set_state(database, "ann", forwarded)
    set_state(database, "bob", Presence("do not disturb"))
    assert states(database) == {"ann": forwarded, "bob": Presence("do not disturb")}


def test_who_is_available_again_has_no_row(database: Database) -> None:
    set_state(database, "ann", Presence("away"))
    set_state(database, "ann", AVAILABLE)
    assert states(database) == {}


def test_every_change_of_a_state_is_seen_by_running_services(database: Database) -> None:
    seen = []
    for state in (Presence("away"), Presence("away"), AVAILABLE):
        set_state(database, "ann", state)
        with database.reading() as session:
            seen.append(revisions(session))
    assert seen == [Revisions(plan=0, directory=0, presence=number) for number in (1, 2, 3)]


def test_directory_and_presence_have_revisions_of_their_own(database: Database) -> None:
    with database.reading() as session:
        assert revisions(session) == Revisions(0, 0, 0)
    with database.writing() as session:
        changed(session, "directory")
        changed(session, "presence")
        changed(session, "presence")
    with database.reading() as session:
        assert revisions(session) == Revisions(plan=0, directory=1, presence=2)


def test_a_change_that_was_rolled_back_is_not_seen(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        presences.replace(session, "ann", Presence("away"), "tests", NOON)
        raise ZeroDivisionError
    with database.reading() as session:
        assert revisions(session).presence == 0
    assert states(database) == {}


# --- call-backs ---


def wanted(number: int, *, minutes: int = 0, queue: str = "desk", caller: str = GSM) -> CallbackRequest:
    """A caller who entered the queue `minutes` after noon and asked ten minutes later."""
    entered = NOON + minutes * MINUTE
    return CallbackRequest(f"{number:032x}", queue, caller, "Anne", f"call-{number}", entered, entered + 10 * MINUTE)


def keep(database: Database, *requests: CallbackRequest) -> None:
    for each in requests:
        with database.writing() as session:
            callbacks.add(session, each)


def waiting(database: Database, queue: str | None = None) -> list[CallbackRequest]:
    with database.reading() as session:
        return callbacks.open_requests(session, queue)


def take(database: Database, key: str, person: str, at: datetime = NOON) -> CallbackRequest:
    with database.writing() as session:
        return callbacks.take(session, key, person, at)


def finish(database: Database, key: str, at: datetime = NOON) -> CallbackRequest:
    with database.writing() as session:
        return callbacks.finish(session, key, at)


def test_callers_are_called_back_in_the_order_in_which_they_entered_the_queue(database: Database) -> None:
    third, first, second = (
        wanted(number, minutes=minutes, caller=f"+3247000000{number}") for number, minutes in ((1, 9), (2, 0), (3, 5))
    )
    keep(database, third, first, second)
    assert waiting(database) == [first, second, third]


def test_of_two_who_entered_in_the_same_second_the_first_to_ask_stands_first_and_stays_there(
    database: Database,
) -> None:
    late, early = wanted(1, caller="+32470000001"), wanted(2, caller="+32470000002")
    early = replace(early, asked_at=early.asked_at - MINUTE)
    keep(database, late, early)
    assert waiting(database) == [early, late]
    take(database, early.id, "tom")
    assert [each.id for each in waiting(database)] == [early.id, late.id]


def test_each_queue_has_its_own_line(database: Database) -> None:
    desk, shop = wanted(1), wanted(2, queue="shop")
    keep(database, desk, shop)
    assert (waiting(database, "desk"), waiting(database, "shop"), waiting(database, "gone")) == ([desk], [shop], [])


def test_who_asks_twice_waits_once_in_the_earlier_place(database: Database) -> None:
    keep(database, wanted(1), wanted(2, minutes=30))
    assert waiting(database) == [wanted(1)]
    take(database, wanted(1).id, "tom")
    keep(database, wanted(3, minutes=40))
    assert [each.id for each in waiting(database)] == [wanted(1).id]


def test_who_asks_again_after_being_called_back_waits_again(database: Database) -> None:
    keep(database, wanted(1))
    finish(database, wanted(1).id)
    keep(database, wanted(2, minutes=30))
    assert waiting(database) == [wanted(2, minutes=30)]


def test_a_request_is_taken_by_one_person(database: Database) -> None:
    keep(database, wanted(1))
    taken = take(database, wanted(1).id, "tom", NOON + MINUTE)
    assert taken == replace(wanted(1), taken_by="tom", taken_at=NOON + MINUTE)
    with pytest.raises(Conflict, match="was taken by tom"):
        take(database, taken.id, "sophie", NOON + 2 * MINUTE)
    assert take(database, taken.id, "tom", NOON + 3 * MINUTE) == taken
    assert waiting(database) == [taken]


def test_of_those_who_take_at_the_same_moment_one_succeeds(database: Database) -> None:
    keep(database, wanted(1))

    def tried(person: str) -> str | None:
        try:
            return take(database, wanted(1).id, person).taken_by
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as pool:
        takers = list(pool.map(tried, ("ann", "bob", "cat", "dan")))
    assert len(takers) == 4
    assert [each for each in takers if each] == [waiting(database)[0].taken_by]


def test_a_request_that_is_done_waits_no_more_and_cannot_be_taken(database: Database) -> None:
    keep(database, wanted(1))
    done = finish(database, wanted(1).id, NOON + MINUTE)
    assert done == replace(wanted(1), done_at=NOON + MINUTE)
    assert waiting(database) == []
    with pytest.raises(Conflict, match="is done"):
        take(database, wanted(1).id, "tom")
    assert finish(database, wanted(1).id, NOON + 9 * MINUTE) == done


@pytest.mark.parametrize("deed", [lambda database: take(database, "0" * 32, "tom"), lambda d: finish(d, "0" * 32)])
def test_a_request_that_is_not_there_cannot_be_taken_or_done(
    database: Database, deed: Callable[[Database], CallbackRequest]
) -> None:
    with pytest.raises(NotFound, match="there is no call-back request 0000"):
        deed(database)


# --- what calls leave behind ---


def test_turns_calls_and_counts_add_up_over_many_writings(database: Database) -> None:
    def called(person: str | None, endpoint: str, minutes: int, day: date = TODAY) -> CalledOut:
        return CalledOut(GSM, person, endpoint, NOON + minutes * MINUTE, day)

    batches = [
        ([TurnTaken("shop"), TurnTaken("team"), TurnTaken("shop")], [called("ann", "a", 0), called("bob", "b", 1)]),
        ([], []),
        ([TurnTaken("shop")], [called(None, "fax", 2), called("ann", "a", 3, TODAY + timedelta(days=1))]),
        ([], [called(None, "a", 4)]),
    ]
    for turns, calls in batches:
        with database.writing() as session:
            memory.write(session, turns, calls)
    with database.reading() as session:
        kept = memory.load(session, since=TODAY)
        since_tomorrow = memory.load(session, since=TODAY + timedelta(days=1))
    assert kept.turns == {"shop": 3, "team": 1}
    assert kept.called == {GSM: ("ann", NOON + 3 * MINUTE)}
    assert kept.placed == {
        ("a", TODAY): 2,
        ("b", TODAY): 1,
        ("fax", TODAY): 1,
        ("a", TODAY + timedelta(days=1)): 1,
    }
    assert since_tomorrow.placed == {("a", TODAY + timedelta(days=1)): 1}
    assert since_tomorrow.turns == kept.turns
