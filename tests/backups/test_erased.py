"""Whoever was erased after a backup was made does not come back with it; the list of them names nobody."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from aiguillage.asterisk import voicemail
from aiguillage.desk import auditing, erasing, retaining
from aiguillage.desk.backups import make_backup, new_file
from aiguillage.desk.erasing import Subject
from aiguillage.errors import StoreUnavailable
from aiguillage.settings import Settings
from aiguillage.store import journal
from aiguillage.store.tables import contacts
from tests.backups.conftest import Places
from tests.backups.places import Place
from tests.desk import test_erasing as story
from tests.desk.test_erasing import MARIE, NINA, NOW, NUMBER, OTHER

BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.fixture(autouse=True)
def asterisk(monkeypatch: pytest.MonkeyPatch) -> None:
    async def remove(_: Settings, mailbox: str, folder: str, msg_id: str) -> None:
        return

    monkeypatch.setattr(voicemail, "remove", remove)


def filled(place: Place) -> Path:
    """Nina is everywhere, in one call under a pseudonym; and in a message of the voicemail folder."""
    story.fill(place.database, place.settings)
    retaining.retain(place.settings, place.database, NOW)
    box = place.settings.voicemail / "boxes/reception/INBOX"
    box.mkdir(parents=True)
    for number, line in enumerate((NUMBER, OTHER)):
        (box / f"msg000{number}.txt").write_text(f'[message]\ncallerid="Somebody" <{line}>\n')
        (box / f"msg000{number}.wav").write_bytes(b"sound")
    return place.back_up(voicemail=True)


def erase(place: Place, subject: Subject) -> None:
    erasing.erase(place.settings, place.database, subject, MARIE, NOW)


@BOTH
def test_who_was_erased_since_does_not_come_back(place: Places, kind: str) -> None:
    old = place(kind)
    file = filled(old)
    erase(old, Subject(number=NUMBER))
    done = old.restore(file, force=True)
    assert done.erased >= 2, "the contact, and the number"
    state, before = old.settings.state, done.before
    assert before is not None
    before.unlink()
    assert story.left_in(old.database, state) == []
    with old.database.reading() as session:
        decided = {each.id: each for each in journal.recent(session, 99)}
    assert {id_ for id_, each in decided.items() if each.caller == "~"} == {"d1", "d3"}
    assert decided["d7"].trace["caller"]["name"] == "Benoît Maes"
    assert auditing.verify(old.database)[2] is None
    messages = sorted(each.name for each in old.settings.voicemail.rglob("msg*"))
    assert messages == ["msg0001.txt", "msg0001.wav"]


def test_it_holds_in_another_place_with_the_list(place: Places) -> None:
    old, new = place("sqlite"), place("postgresql")
    file = filled(old)
    erase(old, Subject(number=NUMBER))
    for name in ("erasures.jsonl", "erasures.key"):
        (new.settings.state / name).write_bytes((old.settings.state / name).read_bytes())
    assert new.restore(file).erased
    assert story.left_in(new.database, new.settings.state) == []


def test_a_contact_whose_numbers_others_have_does_not_come_back(place: Places) -> None:
    old = place("sqlite")
    filled(old)
    second = story.contact(old.database, "Second Person", (NUMBER,))
    file = old.back_up("second.tar")
    erase(old, Subject(contact=second))
    old.restore(file, force=True)
    with old.database.reading() as session:
        names = set(session.scalars(select(contacts.c.name)))
    assert "Second Person" not in names
    assert NINA in names


def test_who_came_back_before_the_backup_stays(place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Erased long before it was made: it holds only what came afterwards."""
    old = place("sqlite")
    filled(old)
    erase(old, Subject(number=NUMBER))
    entries = old.settings.state / "erasures.jsonl"
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    entries.write_text(entries.read_text().replace(entries.read_text()[7 : entries.read_text().index('",')], long_ago))
    story.contact(old.database)
    file = old.back_up("later.tar")
    assert old.restore(file, force=True).erased == 0
    with old.database.reading() as session:
        assert NINA in set(session.scalars(select(contacts.c.name)))


def test_the_list_names_nobody_and_is_in_no_backup(place: Places) -> None:
    old = place("sqlite")
    filled(old)
    erase(old, Subject(number=NUMBER))
    for name in ("erasures.jsonl", "erasures.key"):
        file = old.settings.state / name
        assert file.stat().st_mode & 0o777 == 0o600
        assert not any(spelling in file.read_bytes() for spelling in story.SPELLINGS)
        assert file.read_bytes()[:60] not in old.back_up(f"{name}.tar").read_bytes()


def test_a_list_without_its_key_stops_the_restore(place: Places) -> None:
    old = place("sqlite")
    file = filled(old)
    erase(old, Subject(number=NUMBER))
    (old.settings.state / "erasures.key").unlink()
    with pytest.raises(StoreUnavailable, match=r"bring erasures\.jsonl and erasures\.key back together"):
        old.restore(file, force=True)


def test_an_erasure_that_cannot_be_noted_is_not_done(place: Places) -> None:
    old = place("sqlite")
    filled(old)
    (old.settings.state / "erasures.jsonl").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be noted"):
        erase(old, Subject(number=NUMBER))
    with old.database.reading() as session:
        assert NINA in set(session.scalars(select(contacts.c.name)))


def test_backups_in_the_state_folder_are_said_to_hold_it(place: Places) -> None:
    old = place("sqlite")
    filled(old)
    made = make_backup(old.settings, old.database, new_file(old.settings)).file
    done = erasing.erase(old.settings, old.database, Subject(number=NUMBER), MARIE, NOW)
    assert [each.startswith(f"1 backups in {made.parent} may hold it") for each in done.kept] == [True]


def test_backups_that_were_made_by_itself_are_deleted_after_a_month(place: Places) -> None:
    old = place("sqlite")
    folder = old.settings.backups_dir
    folder.mkdir()
    for name, days in (("before-migration-1.tar", 31), ("before-restore-2.tar", 29), ("aiguillage-3.tar", 99)):
        (folder / name).touch()
        at = (NOW - timedelta(days=days)).timestamp()
        os.utime(folder / name, (at, at))
    retaining.retain(old.settings, old.database, NOW)
    assert sorted(each.name for each in folder.iterdir()) == ["aiguillage-3.tar", "before-restore-2.tar"]
