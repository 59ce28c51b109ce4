"""Messages and PINs, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiguillage.store import messages
from aiguillage.store.database import Database
from aiguillage.store.messages import StoredMessage
from aiguillage.store.pins import pins

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=90)
MESSAGE = StoredMessage(
    "1-00000000.claire@people", "claire@people", "INBOX", None, "", NOON, 5, False, "people/claire/INBOX/msg0000"
)


def test_only_what_is_due_is_claimed_and_only_once(database: Database) -> None:
    wanted = replace(MESSAGE, id="2-00000000.claire@people", mail_to="claire@patro.example")
    with database.writing() as session:
        messages.add(session, [MESSAGE, wanted])
    with database.writing() as session:
        claimed = messages.claim_mail(session, NOON, LATER)
        assert claimed == replace(wanted, mail_tries=1, mail_due=LATER)
        assert messages.claim_mail(session, NOON, LATER) is None
    with database.writing() as session:
        messages.not_mailed(session, wanted.id, "no", NOON + timedelta(seconds=10))
        assert messages.claim_mail(session, NOON + timedelta(seconds=9), LATER) is None
        assert messages.claim_mail(session, NOON + timedelta(seconds=10), LATER) is not None
        messages.mailed(session, wanted.id, NOON)
        assert messages.claim_mail(session, NOON + timedelta(days=9), LATER) is None


def test_messages_come_and_go(database: Database) -> None:
    with database.writing() as session:
        messages.add(session, [MESSAGE])
        messages.moved(session, MESSAGE.id, "Old", "people/claire/Old/msg0000", listened=True)
    with database.reading() as session:
        (found,) = messages.messages_in(session, "claire@people")
        assert messages.messages_in(session, "reception@boxes") == []
    assert found == replace(MESSAGE, folder="Old", file="people/claire/Old/msg0000", listened=True)
    assert found.msg_id == "1-00000000"
    with database.writing() as session:
        messages.remove(session, [MESSAGE.id])
        assert messages.messages_in(session) == []


def test_a_pin_is_made_once(database: Database) -> None:
    with database.writing() as session:
        first = pins(session, ["claire@people", "reception@boxes"])
    with database.writing() as session:
        assert pins(session, ["claire@people", "tom@people"]) | first == pins(session, [*first, "tom@people"])
    assert all(len(pin) == 6 and pin.isdigit() for pin in first.values())


def test_each_node_mails_what_it_holds(database: Database) -> None:
    wanted = [replace(MESSAGE, id=f"{MESSAGE.id}.{node}", mail_to="x@y.example", node=node) for node in "ab"]
    with database.writing() as session:
        messages.add(session, wanted)
        assert messages.claim_mail(session, NOON, LATER) is None
        claimed = messages.claim_mail(session, NOON, LATER, "b")
        assert claimed is not None
        assert claimed.node == "b"
        assert messages.claim_mail(session, NOON, LATER, "b") is None
        assert [each.node for each in messages.messages_in(session, nodes={"a"})] == ["a"]


def test_messages_of_the_time_without_a_name_get_one(database: Database) -> None:
    with database.writing() as session:
        messages.add(session, [MESSAGE])
        messages.named(session, [(MESSAGE.id, f"{MESSAGE.id}.a")], "a")
        assert messages.messages_in(session) == [replace(MESSAGE, id=f"{MESSAGE.id}.a", node="a")]
