"""Sessions: one state for a reader, a turn for each writer, and plain words when the database does not answer."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from aiguillage.errors import SettingRefused, StoreUnavailable
from aiguillage.store import database as database_module
from aiguillage.store import directory, plans
from aiguillage.store.columns import Instant
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import schema_state
from aiguillage.store.plan_tables import organisation
from aiguillage.store.tables import revisions, tokens
from tests.databases import PostgreSQL
from tests.unit.builders import contact
from tests.unit.examples import BRUSSELS, PLAN

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def one_more(database: Database, times: int) -> None:
    """Read, then write what follows from it: the pattern that loses updates where writers do not take turns."""
    for _ in range(times):
        with database.writing() as session:
            found = session.scalar(select(revisions.c.revision))
            session.execute(update(revisions).values(revision=(found or 0) + 1))


def test_writers_take_turns(database: Database) -> None:
    with database.writing() as session:
        session.execute(insert(revisions), {"thing": "test", "revision": 0})
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(one_more, database, 10) for _ in range(4)]:
            done.result()
    with database.reading() as session:
        assert session.scalar(select(revisions.c.revision)) == 40


@pytest.mark.parametrize(
    "replace",
    [
        lambda session: plans.save_draft(session, PLAN),
        lambda session: directory.replace_all(session, [contact()]),
    ],
    ids=["draft", "directory"],
)
def test_two_who_replace_everything_at_once_both_succeed(database: Database, replace: Callable[[object], None]) -> None:
    together = threading.Barrier(2)

    def one() -> None:
        together.wait(10)
        with database.writing() as session:
            replace(session)

    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(one) for _ in range(2)]:
                done.result()


def test_a_reader_sees_one_state_while_somebody_writes(database: Database) -> None:
    with database.writing() as session:
        plans.save_draft(session, PLAN)
    with database.reading() as reading:
        before = reading.scalar(select(organisation.c.name))
        with database.writing() as writing:
            writing.execute(update(organisation).values(name="Another"))
        assert reading.scalar(select(organisation.c.name)) == before
    with database.reading() as reading:
        assert reading.scalar(select(organisation.c.name)) == "Another"


def test_an_error_rolls_back(database: Database) -> None:
    def fail_halfway() -> None:
        with database.writing() as session:
            session.execute(insert(revisions), {"thing": "test", "revision": 1})
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    with database.reading() as session:
        assert session.scalar(select(revisions.c.revision)) is None


def test_a_writer_waits_for_the_other_and_then_goes_on(database: Database) -> None:
    begun, released = threading.Event(), threading.Event()

    def slow() -> None:
        with database.writing() as session:
            session.execute(insert(revisions), {"thing": "slow", "revision": 1})
            begun.set()
            released.wait(10)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(slow)
        assert begun.wait(10)
        threading.Timer(0.3, released.set).start()
        with database.writing() as session:
            assert session.scalar(select(revisions.c.revision)) == 1
        done.result()


def test_many_writers_of_one_process_all_come_to_their_turn(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself would send most of them away: together they take longer than it waits."""
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.2)
    busy = open_database(database.engine.url.render_as_string(hide_password=False))
    with busy.writing() as session:
        session.execute(insert(revisions), {"thing": "turns", "revision": 0})

    def one_more(_: int) -> None:
        with busy.writing() as session:
            revision = session.scalar(select(revisions.c.revision).where(revisions.c.thing == "turns"))
            time.sleep(0.05)
            session.execute(update(revisions).where(revisions.c.thing == "turns").values(revision=(revision or 0) + 1))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one_more, range(24)))
    with busy.reading() as session:
        assert session.scalar(select(revisions.c.revision)) == 24
    busy.close()


def test_a_writer_who_waits_too_long_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 1)
    impatient = open_database(database.engine.url.render_as_string(hide_password=False))
    try:
        with (
            database.writing(),
            pytest.raises(StoreUnavailable, match=r"does not answer: .*lock"),
            impatient.writing(),
        ):
            pass
    finally:
        impatient.close()


# --- instants ---


def test_an_instant_comes_back_in_utc_whatever_clock_it_was_written_on(database: Database) -> None:
    at = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BRUSSELS)
    with database.writing() as session:
        session.execute(insert(tokens), {"name": "test", "hash": "hash", "created": at, "expires": None})
    with database.reading() as session:
        created, expires = session.execute(select(tokens.c.created, tokens.c.expires)).one()
    assert (created, created.tzinfo, expires) == (at.astimezone(UTC), UTC, None)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        Instant().process_bind_param(NOON.replace(tzinfo=None), None)  # type: ignore[arg-type]  # unused


# --- not there ---


def test_a_database_that_was_not_migrated_says_so(empty_url: str) -> None:
    empty = open_database(empty_url)
    try:
        state = schema_state(empty)
        assert (state.reachable, state.current) == (True, False)
        assert "has schema none" in state.reason
        assert "aiguillage migrate" in state.reason
        with pytest.raises(StoreUnavailable, match="run: aiguillage migrate"), empty.reading() as session:
            plans.load_draft(session)
        with pytest.raises(StoreUnavailable, match="run: aiguillage migrate"), empty.writing() as session:
            plans.save_draft(session, PLAN)
    finally:
        empty.close()


def test_a_migrated_database_is_current(database: Database) -> None:
    state = schema_state(database)
    assert (state.reachable, state.current) == (True, True)
    assert database.name in state.reason


def is_unavailable(url: str, fault: str) -> str:
    """The reason, which is the same for all who ask."""
    database = open_database(url)
    try:
        state = schema_state(database)
        assert (state.reachable, state.current) == (False, False)
        with pytest.raises(StoreUnavailable, match=fault) as told, database.reading() as session:
            plans.load_draft(session)
        with pytest.raises(StoreUnavailable, match=fault), database.writing() as session:
            plans.save_draft(session, PLAN)
    finally:
        database.close()
    assert "AIGUILLAGE_DATABASE_URL" in str(told.value)
    assert fault in state.reason
    return state.reason


def test_a_server_that_is_gone() -> None:
    reason = is_unavailable("postgresql://tests:hush-hush@127.0.0.1:1/nothing", "does not answer")
    assert "hush-hush" not in reason


def test_a_password_in_the_query_of_the_url_is_not_told() -> None:
    assert "hush-hush" not in is_unavailable("postgresql://127.0.0.1:1/nothing?password=hush-hush", "does not answer")


def test_a_database_that_the_server_does_not_have(postgresql: PostgreSQL) -> None:
    reason = is_unavailable(postgresql.url("nothing", "hush-hush"), 'database "nothing" does not exist')
    assert "hush-hush" not in reason
    assert "aiguillage migrate" not in reason


def test_a_server_that_throws_us_out_is_found_again(postgresql: PostgreSQL) -> None:
    postgresql.empty(postgresql.template)
    database = open_database(postgresql.create("thrown_out", postgresql.template))
    try:
        thrown = pytest.raises(StoreUnavailable, match="does not answer")
        with thrown, database.reading() as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        with database.reading() as session:
            assert plans.load_draft(session) is None
    finally:
        database.close()
        postgresql.drop("thrown_out")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    is_unavailable(f"sqlite:///{tmp_path}", "unable to open database file")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary, " * 100)
    is_unavailable(f"sqlite:///{tmp_path / 'diary.txt'}", "file is not a database")


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://127.0.0.1/test", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_names_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(SettingRefused, match=r"AIGUILLAGE_DATABASE_URL.*sqlite|SQLite"):
        open_database(url)
