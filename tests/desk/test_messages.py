"""The table follows Asterisk's voicemail folder: nothing lost, nothing twice, whatever Asterisk is doing to it."""

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aiguillage.asterisk.voicemail import Spool
from aiguillage.desk import messages as desk
from aiguillage.desk.messages import MessageBook, messages_of, sound_of
from aiguillage.errors import AsteriskUnavailable, NotFound, Unavailable
from aiguillage.settings import Settings
from aiguillage.store import messages as stored
from aiguillage.store.database import Database
from tests.desk.spool import AT, FakeSpool, book, settings_for, snapshot_of, with_mail

CLAIRE, OFFICE = "claire@people", "reception@boxes"
FIRST, SECOND, THIRD = "1795510800-00000000", "1795510800-00000001", "1795510800-00000002"


@pytest.fixture
def spool(tmp_path: Path) -> FakeSpool:
    return FakeSpool(tmp_path / "voicemail")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def look(messages: MessageBook) -> None:
    messages.keep_in_step(snapshot_of())


def ids(database: Database, mailbox: str | None = None) -> list[str]:
    return [each.id for each in messages_of(database, mailbox)]


def test_a_message_is_kept_with_what_is_known_of_it(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST, caller='"Anne Lambert" <+32471000201>')
    look(book(settings, database))

    (message,) = messages_of(database, CLAIRE)
    assert (message.id, message.msg_id) == (f"{FIRST}.{CLAIRE}", FIRST)
    assert (message.caller, message.caller_name) == ("+32471000201", "Anne Lambert")
    assert (message.at, message.seconds, message.listened) == (AT, 65, False)
    assert message.file == "people/claire/INBOX/msg0000"
    assert message.mail_to == ""  # no mail server is set
    assert FIRST.encode() in sound_of(settings, database, message.id)


@pytest.mark.parametrize(
    "callerid,number,name",
    [
        ("Unknown", None, ""),
        ("0471000201", "+32471000201", "Anne Lambert"),
        ('"Anonymous" <anonymous>', "anonymous", "Anonymous"),
        ('"a "quoted" one" <+32499000001>', "+32499000001", 'a "quoted" one'),
        ("", None, ""),
    ],
)
def test_callers(
    spool: FakeSpool, settings: Settings, database: Database, callerid: str, number: str | None, name: str
) -> None:
    spool.leave(CLAIRE, 0, FIRST, caller=callerid)
    look(book(settings, database))
    (message,) = messages_of(database)
    assert (message.caller, message.caller_name) == (number, name)


def test_bytes_of_a_caller_change_nothing_of_the_message(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST, caller=f'"x\nmsg_id={SECOND}\nduration=9999\norigtime=1" <+32499000001>')
    look(book(settings, database))
    (message,) = messages_of(database)
    assert (message.msg_id, message.seconds, message.at) == (FIRST, 65, AT)


def test_looking_again_changes_nothing(spool: FakeSpool, settings: Settings, database: Database) -> None:
    for number, msg_id in enumerate((FIRST, SECOND)):
        spool.leave(CLAIRE, number, msg_id)
    messages = book(settings, database)
    for _ in range(3):
        look(messages)
    look(book(settings, database))  # another process
    assert ids(database) == [f"{FIRST}.{CLAIRE}", f"{SECOND}.{CLAIRE}"]


def test_a_forwarded_message_is_one_in_each_mailbox(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    spool.leave(OFFICE, 0, FIRST)
    look(book(settings, database))
    assert sorted(ids(database)) == [f"{FIRST}.{CLAIRE}", f"{FIRST}.{OFFICE}"]


def test_what_was_listened_to_and_what_was_deleted_while_we_were_away(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    for number, msg_id in enumerate((FIRST, SECOND, THIRD)):
        spool.leave(CLAIRE, number, msg_id)
    look(book(settings, database))

    spool.move(CLAIRE, 0, 0, to_folder="Old")  # listened to
    spool.drop(CLAIRE, 1)  # deleted
    spool.move(CLAIRE, 2, 0)  # numbered again
    look(book(settings, database))

    found = {each.msg_id: (each.listened, each.file) for each in messages_of(database)}
    assert found == {FIRST: (True, "people/claire/Old/msg0000"), THIRD: (False, "people/claire/INBOX/msg0000")}
    assert THIRD.encode() in sound_of(settings, database, f"{THIRD}.{CLAIRE}")
    with pytest.raises(NotFound):
        sound_of(settings, database, f"{SECOND}.{CLAIRE}")


def test_a_message_half_moved_is_one_and_listened_to(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    spool.leave(CLAIRE, 0, FIRST, folder="Old")
    look(book(settings, database))
    (message,) = messages_of(database)
    assert message.listened


def test_a_half_written_message_counts_once_it_is_whole(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    messages = book(settings, database)
    text = spool.leave(CLAIRE, 0, FIRST)
    whole = text.read_text()
    for part in ("", "[message]\n", whole.partition("duration")[0]):
        text.write_text(part)
        look(messages)
        assert ids(database) == []
    text.write_text(whole)
    look(messages)
    assert ids(database) == [f"{FIRST}.{CLAIRE}"]


def test_a_recording_that_is_not_over_is_none(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST, folder="tmp")
    look(book(settings, database))
    assert ids(database) == []


def test_while_asterisk_holds_the_lock_the_mailbox_stays_as_it_was(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    look(book(settings, database))
    lock = spool.place(CLAIRE) / ".lock"
    lock.touch()
    spool.drop(CLAIRE, 0)
    spool.leave(OFFICE, 0, SECOND)
    look(book(settings, database))
    assert sorted(ids(database)) == [f"{FIRST}.{CLAIRE}", f"{SECOND}.{OFFICE}"]

    lock.unlink()
    spool.settle(spool.place(CLAIRE))
    look(book(settings, database))
    assert ids(database) == [f"{SECOND}.{OFFICE}"]


def test_a_lock_that_a_dead_asterisk_left_hides_no_message(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    lock = spool.place(CLAIRE) / ".lock"
    lock.touch()
    os.utime(lock, (time.time() - 120,) * 2)
    spool.settle(spool.place(CLAIRE))
    look(book(settings, database))
    assert ids(database) == [f"{FIRST}.{CLAIRE}"]


def test_a_folder_that_has_just_changed_is_looked_at_later(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    os.utime(spool.place(CLAIRE))
    messages = book(settings, database)
    look(messages)
    assert ids(database) == []
    time.sleep(0.1)
    look(messages)
    assert ids(database) == [f"{FIRST}.{CLAIRE}"]


def test_while_the_folder_is_away_no_message_is_gone(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    look(book(settings, database))
    spool.folder.rename(spool.folder.with_name("unmounted"))
    for folder_is_there in (False, True):
        if folder_is_there:
            spool.folder.mkdir()
        with pytest.raises(AsteriskUnavailable, match="AIGUILLAGE_VOICEMAIL_DIR"):
            look(book(settings, database))
    assert ids(database) == [f"{FIRST}.{CLAIRE}"]


def test_a_mailbox_that_is_gone_takes_its_messages_along(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    spool.leave(OFFICE, 0, SECOND)
    look(book(settings, database))
    spool.place(CLAIRE).parent.rename(spool.folder / "elsewhere")
    look(book(settings, database))
    assert ids(database) == [f"{SECOND}.{OFFICE}"]


def test_only_new_messages_of_mailboxes_that_want_it_are_to_be_mailed(
    spool: FakeSpool, tmp_path: Path, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    spool.leave(CLAIRE, 0, SECOND, folder="Old")
    spool.leave(OFFICE, 0, THIRD)
    spool.leave("marc@people", 0, FIRST)  # in no plan
    look(book(with_mail(tmp_path, 1), database))
    assert {each.id: each.mail_to for each in messages_of(database)} == {
        f"{FIRST}.{CLAIRE}": "claire@patro.example",
        f"{SECOND}.{CLAIRE}": "",
        f"{THIRD}.{OFFICE}": "accueil@patro.example",
        f"{FIRST}.marc@people": "",
    }


async def test_it_looks_by_itself(
    spool: FakeSpool, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "EVERY", 0.02)
    messages = book(settings, database)
    messages.start()
    await asyncio.sleep(0.1)  # no folder yet: it goes on
    spool.leave(CLAIRE, 0, FIRST)
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(ids, database):  # noqa: ASYNC110  the table wakes nobody
            await asyncio.sleep(0.02)
    await messages.close()


def test_deleting_what_is_not_there_says_so(settings: Settings, database: Database) -> None:
    with pytest.raises(NotFound, match="voicemail list"):
        desk.delete(settings, database, "nothing")


def test_without_asterisk_nothing_is_deleted(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    look(book(settings, database))
    with pytest.raises(AsteriskUnavailable):
        desk.delete(settings.model_copy(update={"ami_port": 1}), database, f"{FIRST}.{CLAIRE}")
    assert ids(database) == [f"{FIRST}.{CLAIRE}"]


def test_thousands_of_messages_are_looked_at_in_no_time(
    spool: FakeSpool, settings: Settings, database: Database
) -> None:
    for number in range(1000):
        spool.leave(CLAIRE, number, f"1795510800-{number:08x}")
    messages = book(settings, database)
    look(messages)
    assert len(ids(database)) == 1000
    began = time.monotonic()
    look(messages)
    assert time.monotonic() - began < 0.5


def test_a_sound_whose_file_was_renamed_meanwhile_is_not_anothers(
    spool: FakeSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the list and reading the sound, the message before it goes."""
    spool.leave(CLAIRE, 0, FIRST)
    spool.leave(CLAIRE, 1, SECOND)
    spool.leave(CLAIRE, 2, THIRD)
    reading = Spool(spool.folder)
    original, left = reading._sound_of, [1]

    def sound_of_the_list(recording: object) -> bytes | None:
        if left and left.pop():
            spool.drop(CLAIRE, 0)
            spool.move(CLAIRE, 1, 0)
            spool.move(CLAIRE, 2, 1)
        return original(recording)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_sound_of", sound_of_the_list)
    assert SECOND.encode() in reading.sound(CLAIRE, SECOND)


def test_a_snapshot_without_a_directory_still_counts(spool: FakeSpool, settings: Settings, database: Database) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    snapshot = replace(snapshot_of(), plan=replace(snapshot_of().plan, people={}))
    book(settings, database).keep_in_step(snapshot)
    assert ids(database) == [f"{FIRST}.{CLAIRE}"]


# --- Several nodes -----------------------------------------------------------------------------------------


def node_of(folder: Path, name: str) -> tuple[FakeSpool, Settings]:
    (folder / name).mkdir()
    return FakeSpool(folder / name / "voicemail"), settings_for(folder / name, node=name)


def test_each_node_looks_after_its_own_messages(tmp_path: Path, database: Database) -> None:
    (north, at_north), (south, at_south) = node_of(tmp_path, "north"), node_of(tmp_path, "south")
    north.leave(CLAIRE, 0, FIRST)
    south.leave(CLAIRE, 0, FIRST)  # two Asterisks may give the same id
    books = [book(each, database) for each in (at_north, at_south)]
    for _ in range(2):
        for each in books:
            look(each)
    there = [f"{FIRST}.{CLAIRE}.north", f"{FIRST}.{CLAIRE}.south"]
    assert ids(database) == there
    assert FIRST.encode() in sound_of(at_north, database, there[0])
    north.drop(CLAIRE, 0)
    for each in books:
        look(each)
    assert ids(database) == there[1:]


def test_what_another_node_holds_is_not_heard_or_deleted_here(tmp_path: Path, database: Database) -> None:
    (north, at_north), (_, at_south) = node_of(tmp_path, "north"), node_of(tmp_path, "south")
    north.leave(CLAIRE, 0, FIRST)
    look(book(at_north, database))
    (message,) = messages_of(database)
    at_desk = settings_for(tmp_path, role="desk")
    for elsewhere in (at_south, at_desk):
        for deed in (sound_of, desk.delete, desk.mark_listened):
            with pytest.raises(Unavailable, match=r"is on node north.*aiguillage voicemail delete"):
                deed(elsewhere, database, message.id)
    assert "on node north" in desk.in_words(message)


def test_a_node_that_is_given_a_name_keeps_its_messages(tmp_path: Path, database: Database) -> None:
    spool = FakeSpool(tmp_path / "voicemail")
    spool.leave(CLAIRE, 0, FIRST)
    spool.leave(CLAIRE, 1, SECOND)
    look(book(settings_for(tmp_path), database))
    with database.writing() as session:
        stored.mailed(session, f"{FIRST}.{CLAIRE}", AT)
    _, at_south = node_of(tmp_path, "south")
    (tmp_path / "south/voicemail/people").mkdir(parents=True)
    look(book(at_south, database))
    assert len(ids(database)) == 2, "another node does not take them for gone"
    look(book(settings_for(tmp_path, node="north"), database))
    assert {each.id: each.mailed_at for each in messages_of(database)} == {
        f"{FIRST}.{CLAIRE}.north": AT,
        f"{SECOND}.{CLAIRE}.north": None,
    }
