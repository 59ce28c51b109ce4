"""What one process commits, another hears of at once on PostgreSQL."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import Presence
from aiguillage.store import directory, plans, presences
from aiguillage.store.database import Database, open_database
from aiguillage.store.notices import Notices
from tests.databases import PostgreSQL, migrated_sqlite

SECONDS = 5.0


class Heard:
    def __init__(self) -> None:
        self.times = 0
        self._event = threading.Event()

    def again(self) -> None:
        self.times += 1
        self._event.set()

    def wait(self) -> None:
        assert self._event.wait(SECONDS), "nothing was heard"
        self._event.clear()

    def nothing_more(self) -> bool:
        return not self._event.wait(0.3)


@contextmanager
def listening(url: str) -> Iterator[Heard]:
    """Another process' database, and what it hears; the first thing is that it listens."""
    other, heard = open_database(url), Heard()
    notices = Notices(other, heard.again)
    notices.start()
    try:
        heard.wait()
        yield heard
    finally:
        notices.close()
        other.close()


def test_a_publication_an_import_and_a_state_are_heard_once_they_are_committed(postgresql: PostgreSQL) -> None:
    postgresql.empty(postgresql.template)
    url = postgresql.url(postgresql.template)
    database = open_database(url)
    with listening(url) as heard:
        with database.writing() as session:
            plans.publish(session, document="{}", at=datetime.now(UTC), by="x", comment="", expected_latest=None)
            assert heard.nothing_more()
        heard.wait()
        with database.writing() as session:
            directory.replace_all(session, [Contact("Anne", (E164("+32471000201"),))])
        heard.wait()
        with database.writing() as session:
            presences.replace(session, "claire", Presence("away"), "tests", datetime.now(UTC))
        heard.wait()
        assert heard.nothing_more()
    database.close()


def test_what_is_rolled_back_is_not_heard(postgresql: PostgreSQL) -> None:
    url = postgresql.url(postgresql.template)
    database = open_database(url)
    with listening(url) as heard:
        with contextlib.suppress(RuntimeError), database.writing() as session:
            presences.replace(session, "claire", Presence("away"), "tests", datetime.now(UTC))
            raise RuntimeError
        assert heard.nothing_more()
    database.close()


def test_after_its_connection_is_cut_it_looks_and_listens_again(postgresql: PostgreSQL) -> None:
    url = postgresql.url(postgresql.template)
    database = open_database(url)
    with listening(url) as heard:
        with database.writing() as session:
            session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"))
        heard.wait()
    database.close()


def test_on_sqlite_there_is_nothing_to_hear_and_closing_takes_no_time(tmp_path: Path) -> None:
    database = migrated_sqlite(tmp_path)
    notices = Notices(database, lambda: None)
    notices.start()
    began = time.monotonic()
    notices.close()
    assert time.monotonic() - began < 1
    database.close()


def test_closing_ends_the_thread(postgresql: PostgreSQL) -> None:
    database: Database = open_database(postgresql.url(postgresql.template))
    heard = Heard()
    notices = Notices(database, heard.again)
    notices.start()
    heard.wait()
    notices.close()
    assert not [each for each in threading.enumerate() if each.name == "notices"]
    database.close()
