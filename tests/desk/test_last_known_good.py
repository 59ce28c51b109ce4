"""What calls are decided from is kept in a file: whole, or it is not used."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk import last_known_good
from aiguillage.desk.last_known_good import LastKnownGood
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.errors import NotFound, Refused
from aiguillage.routing.directory import Contact, Directory, directory_of
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import Presence
from aiguillage.settings import Settings
from aiguillage.store import directory as stored_directory
from aiguillage.store.database import Database
from aiguillage.store.revisions import changed
from tests.databases import published_sqlite
from tests.unit.examples import DIRECTORY, PLAN

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
STATES = {
    "claire": Presence("away", NOON),
    "tom": Presence("forwarded", None, E164("+32470000199")),
    "marc": Presence("do not disturb"),
}
SNAPSHOT = Snapshot(PLAN, 7, DIRECTORY, 12, STATES, 3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("whole") / "kept"
    last_known_good.write(file, SNAPSHOT)
    return file.read_bytes()


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a spoilt file is put."""
    return tmp_path_factory.mktemp("spoilt") / "kept"


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    last_known_good.write(file, SNAPSHOT)
    assert last_known_good.read(file).snapshot == SNAPSHOT
    assert abs(last_known_good.read(file).at.timestamp() - time.time()) < 60
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


numbers = st.integers(1, 9).map(lambda digit: E164(f"+3247100020{digit}"))
contacts = st.builds(
    Contact,
    name=st.text(max_size=5),
    numbers=st.lists(numbers, unique=True, min_size=1, max_size=4).map(tuple),
    unit=st.none() | st.just("hainaut"),
    note=st.text(max_size=3),
)


@given(st.lists(contacts, max_size=12))
def test_who_shares_a_number_keeps_the_order(spoilt: Path, known: list[Contact]) -> None:
    snapshot = replace(SNAPSHOT, directory=directory_of(known))
    last_known_good.write(spoilt, snapshot)
    found = last_known_good.read(spoilt).snapshot
    assert found == snapshot
    assert list(found.directory.by_number) == list(snapshot.directory.by_number)


@given(st.data())
def test_a_file_that_is_cut_off_anywhere_is_refused(whole: bytes, spoilt: Path, data: st.DataObject) -> None:
    spoilt.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(Refused, match="is not used"):
        last_known_good.read(spoilt)


@given(st.data(), st.integers(1, 255))
def test_a_file_with_one_other_byte_is_refused(whole: bytes, spoilt: Path, data: st.DataObject, flip: int) -> None:
    place = data.draw(st.integers(0, 200) | st.integers(0, len(whole) - 1))
    spoilt.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
    with pytest.raises(Refused, match="is not used"):
        last_known_good.read(spoilt)


def test_each_byte_of_the_header_counts(whole: bytes, spoilt: Path) -> None:
    for place in range(whole.index(b"\n") + 1):
        spoilt.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Refused):
            last_known_good.read(spoilt)


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused(spoilt: Path, content: bytes) -> None:
    spoilt.write_bytes(content)
    with pytest.raises(Refused):
        last_known_good.read(spoilt)


def test_another_format_is_named(whole: bytes, spoilt: Path) -> None:
    spoilt.write_bytes(whole.replace(b"last-known-good 1 ", b"last-known-good 2 ", 1))
    with pytest.raises(Refused, match="has format 2, this release reads 1; it is written anew"):
        last_known_good.read(spoilt)


def test_a_right_sum_over_a_wrong_content_is_refused(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a release with other words in its plans would write it."""
    monkeypatch.setattr(last_known_good, "dump", lambda _: {"people": 3})
    last_known_good.write(spoilt, SNAPSHOT)
    with pytest.raises(Refused, match="is not used"):
        last_known_good.read(spoilt)


def test_where_there_is_none_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        last_known_good.read(tmp_path / "none")
    with pytest.raises(Refused, match="cannot be read"):
        last_known_good.read(tmp_path)


def test_what_cannot_be_written_leaves_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept"
    last_known_good.write(file, SNAPSHOT)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            last_known_good.write(file, replace(SNAPSHOT, plan_version=8))
    assert last_known_good.read(file).snapshot == SNAPSHOT
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


def many(number: int) -> Directory:
    return directory_of(Contact(f"Caller {each}", (E164(f"+3248{each:07}"),)) for each in range(number))


@pytest.mark.timeout(120)
async def test_calls_do_not_wait_for_a_long_directory(tmp_path: Path, database: Database) -> None:
    """22,000 contacts, written while the event loop looks at its own clock, which no other process slows."""
    kept = LastKnownGood(tmp_path / "kept", database)
    known = many(22_000)
    kept.keep(replace(SNAPSHOT, directory=known, directory_revision=0))
    longest, before = 0.0, (began := time.process_time())
    closing = asyncio.create_task(kept.close())
    while not closing.done():
        await asyncio.sleep(0.001)
        longest, before = max(longest, time.process_time() - before), time.process_time()
    assert last_known_good.read(tmp_path / "kept").snapshot.directory == known
    assert longest < (before - began) / 2, "the event loop had its turns meanwhile"


# --- beside a database ---


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Database]:
    opened = published_sqlite(tmp_path)
    yield opened
    opened.close()


async def kept_by(database: Database, file: Path, *snapshots: Snapshot) -> None:
    kept = LastKnownGood(file, database)
    kept.start()
    for each in snapshots:
        kept.keep(each)
    await kept.close()


async def test_of_several_the_last_is_kept(published: Database, tmp_path: Path) -> None:
    snapshot = load_snapshot(published)
    await kept_by(published, tmp_path / "kept", *(replace(snapshot, plan_version=each) for each in range(5)))
    assert last_known_good.read(tmp_path / "kept").snapshot.plan_version == 4


async def test_a_directory_that_was_changed_since_is_not_written(published: Database, tmp_path: Path) -> None:
    """Whoever was erased in between must not come back."""
    before = load_snapshot(published)
    with published.writing() as session:
        changed(session, "directory")
    await kept_by(published, tmp_path / "kept", before)
    assert not (tmp_path / "kept").exists()


async def test_it_is_written_while_the_database_is_away(published: Database, tmp_path: Path) -> None:
    before = load_snapshot(published)
    published.close()
    (tmp_path / "test.db").rename(tmp_path / "elsewhere")
    await kept_by(published, tmp_path / "kept", before)
    assert last_known_good.read(tmp_path / "kept").snapshot == before


async def test_what_is_damaged_is_not_used_and_nothing_ends(database: Database, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"aiguillage last-known-good 1 half wri")
    kept = LastKnownGood(tmp_path / "kept", database)
    assert await kept.recall() is None
    assert await LastKnownGood(tmp_path / "none", database).recall() is None


@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
def test_who_is_erased_is_left_out_at_once(published: Database, tmp_path: Path, is_damaged: bool) -> None:
    settings = Settings(_env_file=None, state_dir=tmp_path)  # type: ignore[call-arg]
    file = last_known_good.file_of(settings)
    with published.writing() as session:
        stored_directory.replace_all(session, [Contact("Oda Verhaeghen", (E164("+32471000297"),))])
    last_known_good.write(file, replace(load_snapshot(published), plan_version=5))
    assert b"+32471000297" in file.read_bytes()
    if is_damaged:
        file.write_bytes(file.read_bytes()[:-1])
    with published.writing() as session:
        stored_directory.replace_all(session, [])
    last_known_good.leave_out_erased(settings, published)
    if is_damaged:
        assert not file.exists()
    else:
        assert b"+32471000297" not in file.read_bytes()
        assert last_known_good.read(file).snapshot.plan_version == 5
