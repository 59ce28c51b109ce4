"""What was backed up is there again, from either database into either, while others write."""

import json
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text

from aiguillage.desk import auditing, backups, editing
from aiguillage.errors import Conflict, Refused, StoreUnavailable
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.store import directory, migrate
from aiguillage.store.columns import metadata
from aiguillage.store.plan_tables import PLAN_TABLES
from aiguillage.store.tables import invitations, sessions, tokens
from tests.backups.conftest import Places
from tests.backups.filling import fill
from tests.backups.places import LEFT_OUT, NOW, Place

ACROSS = [(source, target) for source in ("sqlite", "postgresql") for target in ("sqlite", "postgresql")]
BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("source, target", ACROSS)
def test_everything_is_there_again(place: Places, source: str, target: str, seed: int) -> None:
    old, new = place(source), place(target, migrated=seed == 1)
    fill(old.database, seed)
    kept = old.lines()
    empty = {table.name for table in metadata.sorted_tables if table not in PLAN_TABLES and not kept[table.name][1:]}
    assert empty == set(), "a table without a row proves nothing"
    old.record("welcome.wav", b"RIFF" * 1000)
    old.record("fr/é b.wav", b"")
    new.restore(old.back_up())
    assert new.rows() == old.rows()
    assert {name: lines for name, lines in new.lines().items() if name not in LEFT_OUT} == {
        name: lines for name, lines in kept.items() if name not in LEFT_OUT
    }
    assert editing.draft(new.database) == editing.draft(old.database)
    files = {str(each.relative_to(new.settings.recordings_dir)): each.read_bytes() for each in recordings(new)}
    assert files == {"welcome.wav": b"RIFF" * 1000, "fr/é b.wav": b""}


def recordings(place: Place) -> list[Path]:
    return [each for each in place.settings.recordings_dir.rglob("*") if each.is_file()]


@pytest.mark.parametrize("source, target", ACROSS)
def test_the_audit_goes_on_and_nobody_is_signed_in(place: Places, source: str, target: str) -> None:
    old, new = place(source), place(target)
    fill(old.database, 3)
    entries = len(auditing.page(old.database, 0, 999))
    new.restore(old.back_up())
    number, _, fault = auditing.verify(new.database)
    (entry,) = auditing.latest(new.database, 1)
    assert (entry.actor, entry.action, entry.thing) == ("tests", "restore", "backup")
    with new.database.reading() as session:
        assert [session.execute(select(table)).all() for table in (sessions, invitations)] == [[], []]
    assert (number, fault) == (entries + 1, None)


@BOTH
def test_new_rows_are_numbered_after_those_that_were_put_back(place: Places, kind: str) -> None:
    old, new = place("sqlite"), place(kind)
    fill(old.database, 4)
    new.restore(old.back_up())
    with new.database.writing() as session:
        before = max(session.scalars(select(tokens.c.id)))
        session.execute(tokens.insert(), {"name": "new", "hash": "new", "created": NOW})
        assert session.scalar(select(tokens.c.id).where(tokens.c.hash == "new")) == before + 1


@BOTH
def test_a_backup_is_one_state_while_others_write(place: Places, kind: str) -> None:
    """Each writer adds a contact together with its only number: in no backup is there one without the other."""
    old, new = place(kind), place("sqlite")
    fill(old.database, 5)
    stop, added = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with old.database.writing() as session:
                directory.add(session, Contact(f"Added {number}", (E164(f"+3247200{number:04}"),)))
            added.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert added.wait(20)
    files = [old.back_up(f"{number}.tar") for number in range(3)]
    stop.set()
    writer.join(20)
    for file in files:
        new.restore(file, force=True)
        with new.database.reading() as session:
            kept = directory.page(session, directory.Wanted(text="Added "), 0, 10_000)
        assert kept
        assert [each.contact.numbers for each in kept] == [
            (f"+3247200{number:04}",) for number in range(1, len(kept) + 1)
        ]


def test_the_file_is_for_its_owner_only_and_is_never_written_over(place: Places) -> None:
    old = place("sqlite")
    file = old.back_up()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    with pytest.raises(Refused, match="is there already; choose another name"):
        old.back_up()
    with pytest.raises(Refused, match=r"nowhere/x\.tar cannot be written: No such file"):
        old.back_up("nowhere/x.tar")
    assert file.read_bytes() == content
    assert [each.name for each in file.parent.iterdir() if each.is_file()] == ["backup.tar"]


def test_a_link_among_the_recordings_is_not_followed(place: Places, tmp_path: Path) -> None:
    old, new = place("sqlite"), place("sqlite")
    (tmp_path / "secret").write_bytes(b"hush-hush")
    old.record("a.wav", b"a")
    (old.settings.recordings_dir / "b.wav").symlink_to(tmp_path / "secret")
    made = old.make()
    assert made.skipped == 1
    assert b"hush-hush" not in made.file.read_bytes()
    new.restore(made.file)
    assert [each.name for each in recordings(new)] == ["a.wav"]


def test_voicemail_is_in_it_when_that_is_asked_for(place: Places) -> None:
    old, new = place("sqlite"), place("sqlite")
    box = old.settings.voicemail / "people/claire/INBOX"
    box.mkdir(parents=True)
    (box / "msg0000.txt").write_text("callerid=Anne <+32471000201>")
    (box / "msg0000.wav").write_bytes(b"sound")
    there = new.settings.voicemail / "people/marc/INBOX"
    there.mkdir(parents=True)
    (there / "msg0000.wav").write_bytes(b"other")
    new.restore(old.back_up("without.tar"))
    assert (there / "msg0000.wav").read_bytes() == b"other"
    file = old.back_up("with.tar", voicemail=True)
    with pytest.raises(Conflict, match="voicemail holds files; write --force"):
        new.restore(file)
    done = new.restore(file, force=True)
    assert done.voicemail_files == 2
    assert sorted(str(each.relative_to(new.settings.voicemail)) for each in new.settings.voicemail.rglob("*.*")) == [
        "people/claire/INBOX/msg0000.txt",
        "people/claire/INBOX/msg0000.wav",
    ]


# --- Where something is already ------------------------------------------------------------------------------


@BOTH
def test_what_is_there_is_replaced_by_force_only_and_kept(place: Places, kind: str) -> None:
    old, new = place("sqlite"), place(kind)
    fill(old.database, 6)
    fill(new.database, 7)
    new.record("mine.wav", b"mine")
    was, file = new.rows(), old.back_up()
    with pytest.raises(Conflict, match=r"holds [\d,]+ rows and .*recordings holds files; write --force"):
        new.restore(file)
    assert new.rows() == was
    done = new.restore(file, force=True)
    assert done.replaced["contacts"] == len(was["contacts"])
    assert new.rows() == old.rows()
    assert recordings(new) == []
    assert done.before is not None
    new.restore(done.before, force=True)
    assert new.rows() == was
    assert [each.read_bytes() for each in recordings(new)] == [b"mine"]


@BOTH
def test_all_of_it_or_nothing(place: Places, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It breaks at the last moment of all."""
    old, new = place("sqlite"), place(kind)
    fill(old.database, 6)
    old.record("a.wav", b"new")
    fill(new.database, 7)
    new.record("a.wav", b"old")
    was, file = new.rows(), old.back_up()

    def fails(_: object) -> None:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr("aiguillage.store.replacing.Replacement.keep", fails)
    with pytest.raises(StoreUnavailable, match="the disk is gone"):
        new.restore(file, force=True)
    assert new.rows() == was
    assert [each.read_bytes() for each in recordings(new)] == [b"old"]
    assert auditing.verify(new.database)[2] is None
    monkeypatch.undo()
    new.restore(file, force=True)
    assert [each.read_bytes() for each in recordings(new)] == [b"new"]


# --- Other releases ------------------------------------------------------------------------------------------


@BOTH
def test_a_backup_of_an_older_release_is_migrated(place: Places, kind: str) -> None:
    """Schema 0004 has no users, and its tokens have no scopes."""
    old, new = place(kind, migrated=False), place(kind)
    migrate.upgrade(old.settings.url, "0004")
    with old.database.writing() as session:
        session.execute(
            text("INSERT INTO tokens (id, name, hash, created) VALUES (7, 'crm', 'abc', '2026-11-24 10:00:00+00')")
            if kind == "postgresql"
            else text("INSERT INTO tokens (id, name, hash, created) VALUES (7, 'crm', 'abc', '2026-11-24 10:00:00.0')")
        )
    file = old.back_up()
    assert backups.read_archive(file).manifest.schema == "0004"
    new.restore(file)
    assert migrate.schema_state(new.database).current
    with new.database.reading() as session:
        assert [tuple(row) for row in session.execute(select(tokens.c.id, tokens.c.name))] == [(7, "crm")]


def test_a_backup_of_a_newer_release_is_refused(place: Places) -> None:
    old, new = place("sqlite"), place("sqlite")
    with old.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match=r"has schema 9999, made by release .* install that release"):
        new.restore(old.back_up())


@BOTH
def test_a_migration_keeps_how_it_was(place: Places, kind: str) -> None:
    old, new = place(kind, migrated=False), place("sqlite")
    assert backups.migrate(old.settings) is None, "there was nothing to keep"
    assert backups.migrate(old.settings) is None, "nothing was migrated"
    fill(old.database, 8)
    old.database.close()
    migrate.downgrade(old.settings.url, "0007")
    kept = backups.migrate(old.settings)
    assert kept is not None
    assert kept.parent == old.settings.backups_dir
    assert backups.read_archive(kept).manifest.schema == "0007"
    new.restore(kept)
    assert new.rows()["contacts"] == old.rows()["contacts"]


def test_only_the_last_backups_of_its_own_are_kept(place: Places) -> None:
    old = place("sqlite")
    old.back_up("state-0/mine.tar")
    for _ in range(7):
        migrate.downgrade(old.settings.url, "0007")
        assert backups.migrate(old.settings)
    assert len(list(old.settings.backups_dir.iterdir())) == 5


def test_without_a_schema_there_is_nothing_to_back_up(place: Places) -> None:
    with pytest.raises(StoreUnavailable, match="run: aiguillage migrate"):
        place("sqlite", migrated=False).back_up()


def test_the_manifest_is_readable_without_us(place: Places) -> None:
    old = place("sqlite")
    fill(old.database, 9)
    with tarfile.open(old.back_up()) as tar:
        content = tar.extractfile("manifest.json")
        assert content is not None
        told = json.load(content)
    assert told["format"] == 1
    assert told["tables"]["contacts"] == len(old.rows()["contacts"])
