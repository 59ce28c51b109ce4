"""What one call leaves for the next, and what the desk still knows of it after a restart."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from aiguillage.desk.journalling import Journalling
from aiguillage.desk.memory import Memory
from aiguillage.errors import StoreUnavailable
from aiguillage.routing.decide import OutgoingCall
from aiguillage.routing.numbers import E164
from aiguillage.store.database import Database
from aiguillage.store.journal import EventRecord
from tests.unit.examples import PLAN, brussels

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
TODAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)
GSM, OTHER = E164("+32470000199"), E164("+32470000198")


class Run:
    """One life of the service, from its start to its stop."""

    def __init__(self, database: Database, today: date = TODAY) -> None:
        self.journalling = Journalling(database)
        self.memory = Memory(self.journalling)
        self.memory.recall(database, today)

    async def stop(self) -> None:
        await self.journalling.close()
        assert self.journalling.backlog == 0


async def test_turns_go_on_after_a_restart(database: Database) -> None:
    first = Run(database)
    first.memory.turns_taken(("shop", "team"))
    first.memory.turns_taken(("shop",))
    first.memory.turns_taken(())
    assert first.memory.turns().rung == {"shop": 2, "team": 1}
    await first.stop()
    second = Run(database)
    second.memory.turns_taken(("shop",))
    await second.stop()
    assert Run(database).memory.turns().rung == {"shop": 3, "team": 1}


async def test_who_called_a_number_last_is_known_after_a_restart(database: Database) -> None:
    run = Run(database)
    run.memory.called_out("claire", "claire", GSM, PLAN, NOON)
    run.memory.called_out("marc", "marc", OTHER, PLAN, NOON)
    run.memory.called_out("tom", "tom", GSM, PLAN, NOON + HOUR)
    run.memory.called_out("fax", None, GSM, PLAN, NOON + 2 * HOUR)  # a phone of nobody
    await run.stop()
    for memory in (run.memory, Run(database).memory):
        assert memory.last_outgoing(GSM) == OutgoingCall("tom", NOON + HOUR)
        assert memory.last_outgoing(OTHER) == OutgoingCall("marc", NOON)
        assert memory.last_outgoing(E164("+32470000000")) is None
        assert memory.last_outgoing(None) is None


async def test_calls_of_a_phone_are_counted_for_each_day_of_the_organisation(database: Database) -> None:
    run = Run(database)
    late = brussels("2026-11-24 23:59")
    for at in (late, late, late + 2 * timedelta(minutes=1)):
        run.memory.called_out("claire", "claire", GSM, PLAN, at)
    run.memory.called_out("marc", None, GSM, PLAN, late)
    await run.stop()
    for memory in (run.memory, Run(database).memory):
        assert memory.placed_today("claire", PLAN, late.astimezone(UTC)) == 2
        assert memory.placed_today("claire", PLAN, brussels("2026-11-25 00:00")) == 1
        assert memory.placed_today("marc", PLAN, late) == 1
        assert memory.placed_today("tom", PLAN, late) == 0


async def test_the_day_is_the_organisations_own(database: Database) -> None:
    run = Run(database)
    tokyo = replace(PLAN, organisation=replace(PLAN.organisation, timezone="Asia/Tokyo"))
    run.memory.called_out("claire", "claire", GSM, tokyo, datetime(2026, 11, 24, 16, tzinfo=UTC))
    assert run.memory.placed_today("claire", tokyo, datetime(2026, 11, 24, 14, tzinfo=UTC)) == 0
    assert run.memory.placed_today("claire", tokyo, datetime(2026, 11, 25, 14, tzinfo=UTC)) == 1
    await run.stop()


async def test_counts_of_long_ago_are_not_taken_up(database: Database) -> None:
    run = Run(database)
    run.memory.called_out("claire", "claire", GSM, PLAN, NOON)
    await run.stop()
    later = Run(database, TODAY + timedelta(days=2))
    assert later.memory.placed_today("claire", PLAN, NOON) == 0


async def test_who_took_a_call_last_is_known_after_a_restart(database: Database) -> None:
    run = Run(database)
    for at in (NOON, NOON + HOUR):
        run.journalling.happened(EventRecord("call", at, "answered", "leg", "tom"))
        run.memory.answered("tom", at)
    run.journalling.happened(EventRecord("call", NOON + 2 * HOUR, "ringing", "leg", "tom"))
    run.journalling.happened(EventRecord("call", NOON, "answered", "leg"))  # nobody of us
    run.memory.answered("tom", NOON)  # told late
    await run.stop()
    for memory in (run.memory, Run(database).memory):
        assert memory.turns().answered == {"tom": NOON + HOUR}


def test_each_call_has_a_draw_of_its_own(database: Database) -> None:
    memory = Run(database).memory
    assert len({memory.turns().draw for _ in range(20)}) == 20


def test_a_new_service_remembers_nothing(database: Database) -> None:
    memory = Run(database).memory
    assert (memory.turns().rung, memory.turns().answered) == ({}, {})
    assert memory.last_outgoing(GSM) is None


@pytest.mark.parametrize("batch", [1, 2, 500])
async def test_what_is_written_in_one_batch_or_in_many_is_the_same(
    database: Database, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiguillage.desk.journalling.BATCH", batch)
    run = Run(database)
    for number in range(5):
        run.memory.called_out("claire", "claire", GSM, PLAN, NOON + number * HOUR)
        run.memory.turns_taken(("shop",))
    await run.stop()
    again = Run(database).memory
    assert again.placed_today("claire", PLAN, NOON) == 5
    assert again.turns().rung == {"shop": 5}
    assert again.last_outgoing(GSM) == OutgoingCall("claire", NOON + 4 * HOUR)


# --- Several nodes -----------------------------------------------------------------------------------------


async def test_a_node_learns_what_another_one_has_written_and_counts_nothing_twice(database: Database) -> None:
    north, south = Run(database), Run(database)
    for each, endpoint in ((north, "claire"), (south, "claire"), (south, "marc")):
        each.memory.called_out(endpoint, endpoint, GSM, PLAN, NOON)
        each.memory.turns_taken(("shop",))
    for _ in range(2):
        await north.memory.learn(database, NOON, PLAN)
        assert north.memory.turns().rung == {"shop": 1}, "nothing was written yet"
    await north.stop()
    await south.stop()
    for run in (north, south):
        for _ in range(2):
            await run.memory.learn(database, NOON, PLAN)
            assert run.memory.turns().rung == {"shop": 3}
            assert run.memory.placed_today("claire", PLAN, NOON) == 2
            assert run.memory.placed_today("marc", PLAN, NOON) == 1
    north.memory.turns_taken(("shop",))
    await north.memory.learn(database, NOON, PLAN)
    assert north.memory.turns().rung == {"shop": 4}, "what is not written yet counts, too"
    await north.stop()


async def test_the_latest_call_out_and_the_latest_answer_count_whoever_took_part(database: Database) -> None:
    north, south = Run(database), Run(database)
    south.memory.called_out("marc", "marc", GSM, PLAN, NOON + HOUR)
    south.journalling.happened(EventRecord("south-1.1", NOON + HOUR, "answered", "leg", "tom"))
    south.memory.called_out("marc", "marc", OTHER, PLAN, NOON)
    await south.stop()
    north.memory.called_out("claire", "claire", GSM, PLAN, NOON)
    north.memory.called_out("claire", "claire", OTHER, PLAN, NOON + HOUR)
    north.memory.answered("tom", NOON)
    await north.memory.learn(database, NOON + HOUR, PLAN)
    assert north.memory.last_outgoing(GSM) == OutgoingCall("marc", NOON + HOUR)
    assert north.memory.last_outgoing(OTHER) == OutgoingCall("claire", NOON + HOUR)
    assert north.memory.turns().answered == {"tom": NOON + HOUR}
    south.journalling.happened(EventRecord("south-1.2", NOON + 2 * HOUR, "answered", "leg", "sophie"))
    await south.stop()
    await north.memory.learn(database, NOON + 2 * HOUR, PLAN)
    assert north.memory.turns().answered == {"tom": NOON + HOUR, "sophie": NOON + 2 * HOUR}


async def test_nothing_is_learned_while_it_is_not_known_what_was_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch may be in the store: what waits would count twice."""

    def lost(*_: object, **__: object) -> None:
        raise StoreUnavailable("the answer was lost")

    run = Run(database)
    run.memory.turns_taken(("shop",))
    with monkeypatch.context() as patched:
        patched.setattr("aiguillage.store.memory.write", lost)
        await run.journalling.close()
    await run.memory.learn(database, NOON, PLAN)
    assert run.memory.turns().rung == {"shop": 1}
    await run.stop()
    await run.memory.learn(database, NOON, PLAN)
    assert run.memory.turns().rung == {"shop": 1}
