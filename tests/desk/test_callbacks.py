"""Callers who left a queue to be called back: who may take them, what is told of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiguillage.desk import callbacks
from aiguillage.errors import Conflict, NotFound
from aiguillage.store import callbacks as stored
from aiguillage.store.callbacks import CallbackRequest
from aiguillage.store.database import Database
from tests.databases import published_sqlite

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIRST, SECOND = f"{1:032x}", f"{2:032x}"


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Database]:
    """Two callers wait: the one who asked second entered the queue first."""
    database = published_sqlite(tmp_path)
    for key, number, entered in ((SECOND, "+32470000102", NOON + MINUTE), (FIRST, "+32470000101", NOON)):
        with database.writing() as session:
            asked = NOON + 5 * MINUTE
            stored.add(session, CallbackRequest(key, "front-desk", number, "Anne", "call", entered, asked))
    yield database
    database.close()


def test_who_waits_longest_is_called_back_first(waiting: Database) -> None:
    assert [each.id for each in callbacks.waiting(waiting)] == [FIRST, SECOND]
    assert [each.id for each in callbacks.waiting(waiting, "front-desk")] == [FIRST, SECOND]
    assert callbacks.waiting(waiting, "shop") == []


def test_one_person_takes_a_caller_and_nobody_else_can(waiting: Database) -> None:
    taken = callbacks.take(waiting, FIRST, "tom", NOON)
    assert (taken.taken_by, taken.taken_at) == ("tom", NOON)
    with pytest.raises(Conflict, match="was taken by tom"):
        callbacks.take(waiting, FIRST, "sophie", NOON)
    assert callbacks.take(waiting, FIRST, "tom", NOON + MINUTE) == taken


def test_only_somebody_in_the_plan_takes_a_caller(waiting: Database) -> None:
    with pytest.raises(NotFound, match='person "toto" is not in the plan; write one of claire'):
        callbacks.take(waiting, FIRST, "toto", NOON)
    assert callbacks.waiting(waiting)[0].taken_by is None


def test_a_caller_who_was_called_back_waits_no_more(waiting: Database) -> None:
    callbacks.take(waiting, FIRST, "tom", NOON)
    assert callbacks.finish(waiting, FIRST, NOON + MINUTE).done_at == NOON + MINUTE
    assert [each.id for each in callbacks.waiting(waiting)] == [SECOND]


def test_a_caller_who_needs_it_no_more_need_not_be_taken(waiting: Database) -> None:
    assert callbacks.finish(waiting, SECOND, NOON).taken_by is None
    assert [each.id for each in callbacks.waiting(waiting)] == [FIRST]


def test_before_a_plan_is_published_nobody_takes_a_caller(database: Database) -> None:
    with pytest.raises(NotFound, match="no plan has been published yet"):
        callbacks.take(database, FIRST, "tom", NOON)


def test_a_request_as_data(waiting: Database) -> None:
    callbacks.take(waiting, FIRST, "tom", NOON + 9 * MINUTE)
    assert callbacks.describe(callbacks.finish(waiting, FIRST, NOON + 12 * MINUTE)) == {
        "id": FIRST,
        "queue": "front-desk",
        "number": "+32470000101",
        "name": "Anne",
        "waiting_since": "2026-11-24T12:00:00+00:00",
        "asked_at": "2026-11-24T12:05:00+00:00",
        "taken_by": "tom",
        "taken_at": "2026-11-24T12:09:00+00:00",
        "done_at": "2026-11-24T12:12:00+00:00",
    }
    assert callbacks.describe(callbacks.waiting(waiting)[0])["taken_at"] is None
