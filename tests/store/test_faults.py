"""A database that is full, hurried, moved away or damaged: what was acknowledged is kept, and all else is told."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text

from aiguillage.errors import StoreFull, StoreUnavailable
from aiguillage.store.database import Database
from aiguillage.store.soundness import Watched, look
from aiguillage.store.tables import revisions
from tests.databases import migrated_sqlite


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    opened = migrated_sqlite(tmp_path)
    yield opened
    opened.close()


def add(database: Database, thing: str, times: int = 1) -> None:
    with database.writing() as session:
        rows = [{"thing": f"{thing} {each}" + "x" * 40, "revision": 1} for each in range(times)]
        session.execute(insert(revisions), rows)


def things(database: Database) -> set[str]:
    with database.reading() as session:
        return {each.partition(" ")[0] for each in session.scalars(select(revisions.c.thing))}


def test_a_full_disk_is_told_and_reading_goes_on(sqlite: Database) -> None:
    add(sqlite, "before")

    def small(connection: object, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1").close()  # type: ignore[attr-defined]

    event.listen(sqlite.engine, "connect", small)
    sqlite.engine.dispose()
    with pytest.raises(StoreFull, match=r"has no room to write .*: nothing was changed; make room on its disk"):
        add(sqlite, "lost", 10_000)
    assert "no room" in sqlite.full
    assert things(sqlite) == {"before"}
    event.remove(sqlite.engine, "connect", small)
    sqlite.engine.dispose()
    add(sqlite, "after", 10_000)
    assert sqlite.full == ""
    assert things(sqlite) == {"before", "after"}


def test_who_hurries_is_told_in_time_and_nothing_is_done_later(database: Database) -> None:
    begun, released = threading.Event(), threading.Event()

    def slow() -> None:
        with database.writing():
            begun.set()
            released.wait(10)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(slow)
        assert begun.wait(10)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable), database.writing(within=0.3) as session:
            session.execute(insert(revisions), {"thing": "late", "revision": 1})
        assert time.monotonic() - began < 3
        released.set()
        done.result()
    assert things(database) == set()


def test_nothing_is_written_to_a_file_that_was_moved_away(sqlite: Database, tmp_path: Path) -> None:
    add(sqlite, "before")
    (tmp_path / "test.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailable, match="is not there; bring it back"):
        add(sqlite, "lost")
    with pytest.raises(StoreUnavailable, match="is not there; bring it back"):
        things(sqlite)
    assert not (tmp_path / "test.db").exists()
    (tmp_path / "elsewhere.db").rename(tmp_path / "test.db")
    add(sqlite, "after")
    assert things(sqlite) == {"before", "after"}


@pytest.mark.parametrize("spares_disk, mode", [(False, 2), (True, 1)], ids=["full", "normal"])
def test_only_what_may_be_lost_is_not_on_the_disk_at_once(sqlite: Database, spares_disk: bool, mode: int) -> None:
    for turn in (spares_disk, not spares_disk, spares_disk):  # a connection keeps what was said last
        with sqlite.writing(spares_disk=turn) as session:
            found = session.scalar(text("PRAGMA synchronous"))
    assert found == mode


def test_a_damaged_file_is_closed_off_until_another_one_is_in_its_place(sqlite: Database, tmp_path: Path) -> None:
    add(sqlite, "before", 1000)
    sqlite.compact(())
    file = tmp_path / "test.db"
    whole = file.read_bytes()
    assert look(sqlite) == ""
    sqlite.close()
    file.write_bytes(whole[: 3 * 4096].ljust(len(whole), b"Z"))
    damage = look(sqlite)
    assert "is damaged" in damage
    watched = Watched(sqlite)
    watched.close_off(damage)
    with pytest.raises(StoreUnavailable, match="put a backup in its place"):
        add(sqlite, "lost")
    watched.look_again()
    with pytest.raises(StoreUnavailable, match="is damaged"):
        things(sqlite)
    (tmp_path / "backup").write_bytes(whole)
    (tmp_path / "backup").replace(file)
    watched.look_again()
    assert things(sqlite) == {"before"}


def test_what_does_not_answer_is_not_called_damaged(database: Database, tmp_path: Path) -> None:
    assert look(database) == ""
    database.close()
    (tmp_path / "test.db").unlink(missing_ok=True)
    assert look(database) == ""
