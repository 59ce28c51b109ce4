"""Everything that is kept of one caller is shown, and erased: nothing of it is left in the database's own files."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert

from aiguillage.asterisk import voicemail
from aiguillage.desk import auditing, contacts, editing, erasing, presence, publishing, retaining
from aiguillage.desk.access import Principal, grants_of
from aiguillage.desk.contacts import single
from aiguillage.desk.editing import Editor
from aiguillage.desk.erasing import Erased, Subject
from aiguillage.errors import AsteriskUnavailable, Conflict, NotFound, NumberRefused, Refused
from aiguillage.routing.document import dump
from aiguillage.routing.presence import Presence
from aiguillage.settings import Settings
from aiguillage.store import idempotency, journal, memory, messages, webhooks
from aiguillage.store.callbacks import open_requests
from aiguillage.store.columns import metadata
from aiguillage.store.database import Database, open_database
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.messages import StoredMessage
from aiguillage.store.tables import callbacks
from tests.databases import migrated_sqlite, running_postgresql
from tests.unit.examples import EXAMPLES, PLAN

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MARIE = Editor("user marie")
ADMINISTRATOR = Principal("user marie", grants_of("administrator"))
NINA, NUMBER, OTHER = "Nina Collard-Éloy", "+32471000299", "+32471000202"
SPELLINGS = (b"471000299", b"Nina Collard", b"Collard-")


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = migrated_sqlite(tmp_path)
    else:
        server = request.getfixturevalue("server")
        server.empty(server.template)
        opened = open_database(server.url(server.template))
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, state_dir=tmp_path / "state")  # type: ignore[call-arg]


def decision(number: int, at: datetime = NOW, **facts: object) -> DecisionRecord:
    given = {
        "id": f"d{number}",
        "call": f"c{number}",
        "at": at,
        "kind": "inbound",
        "caller": NUMBER,
        "called": "+3271000001",
        "route": "shop",
        "plan_version": 1,
        "itinerary": [{"kind": "ring", "legs": []}],
        "trace": {"caller": {"number": NUMBER, "name": NINA, "candidates": [{"name": NINA}]}, "at": at.isoformat()},
        **facts,
    }
    return DecisionRecord(**given)  # type: ignore[arg-type]


def contact(database: Database, name: str = NINA, numbers: tuple[str, ...] = (NUMBER,)) -> int:
    new = single.WrittenContact(name, numbers, note="plays the tuba")
    return single.add(database, new, ADMINISTRATOR, MARIE, NOW).id


def fill(database: Database, settings: Settings) -> None:
    """Nina is everywhere, and Benoît beside her."""
    editing.apply(database, dump(PLAN))
    publishing.publish(database, NOW, "tests", "")
    contacts.import_file(database, (EXAMPLES / "directory.csv").read_bytes())
    contact(database)
    asked = {"queue": "reception", "call": "c", "waiting_since": NOW, "asked_at": NOW}
    old = NOW - 100 * DAY
    with database.writing() as session:
        journal.write(
            session,
            [
                decision(1, old),
                decision(2, old, caller=OTHER, trace={}),
                decision(3),
                decision(4, kind="outgoing", caller="claire", called=NUMBER, route=None),
                decision(5, kind="code", caller="claire", called="*21*0471000299", route=None, trace={}),
                decision(6, caller=OTHER, trace={"caller": {"number": OTHER, "candidates": [{"name": NINA}]}}),
                decision(7, caller=OTHER, trace={"caller": {"number": OTHER, "name": "Benoît Maes"}}),
            ],
            [
                EventRecord("c1", old, "ringing", "leg", None, None, {"line": NUMBER}),
                EventRecord("c3", NOW, "answered", "leg", "claire", "desk", {"line": "claire"}),
                EventRecord("c4", NOW, "ringing", "leg", None, None, {"line": NUMBER}),
                EventRecord("c7", NOW, "ringing", "leg", None, None, {"line": OTHER}),
            ],
        )
        for number, name in ((NUMBER, NINA), (OTHER, "Benoît Maes")):
            row = {"id": f"callback {number}", "number": number, "name": name, **asked}
            session.execute(insert(callbacks), row)
            memory.write(session, [], [memory.CalledOut(number, "claire", "claire", NOW, date(2026, 11, 24))])
        messages.add(session, [StoredMessage("m", "reception@boxes", "INBOX", NUMBER, NINA, NOW, 9, False, "msg0000")])
        webhooks.add(session, webhooks.Webhook("crm", "https://crm.example", ("call.missed",), "whsec_x", True, NOW))
        for number, name in ((NUMBER, NINA), (OTHER, "Benoît Maes")):
            webhooks.tell(session, NOW, "call.missed", {"caller": number, "caller_name": name})
        question = idempotency.Question("token x", "k", "digest")
        idempotency.begin(session, question, NOW)
        idempotency.finish(session, question, json.dumps({"body": {"name": NINA, "numbers": [NUMBER]}}))
    spoken = settings.prompts_dir / "callers/abc-fr.wav"
    spoken.parent.mkdir(parents=True)
    spoken.write_bytes(b"Nina Collard-")


@pytest.fixture
def asterisk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Deletes messages; what it was asked to delete."""
    deleted: list[str] = []

    async def remove(_: Settings, mailbox: str, folder: str, msg_id: str) -> None:
        deleted.append(f"{mailbox} {folder} {msg_id}")

    monkeypatch.setattr(voicemail, "remove", remove)
    return deleted


def erase(settings: Settings, database: Database, subject: Subject) -> Erased:
    return erasing.erase(settings, database, subject, MARIE, NOW)


def left_in(database: Database, state: Path) -> list[str]:
    """Where bytes of Nina are: the files of the database, and the state folder."""
    if database.engine.dialect.name == "sqlite":
        files = [*Path(str(database.engine.url.database)).parent.glob("test.db*")]
    else:
        url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            rows = [
                f"{table}: {row}"
                for table in metadata.tables
                for row in connection.execute(f'SELECT t::text FROM "{table}" t')
                if any(each in str(row).encode() for each in SPELLINGS)
            ]
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
            (number,) = connection.execute(
                "SELECT oid FROM pg_database WHERE datname = current_database()"
            ).fetchone() or (0,)
        assert rows == []
        files = [each for each in (Path(folder) / f"base/{number}").iterdir() if each.is_file()]
        assert len(files) > 100
    files += [each for each in state.rglob("*") if each.is_file()]
    return [str(each) for each in files if any(spelling in each.read_bytes() for spelling in SPELLINGS)]


def test_nothing_of_an_erased_number_is_left_and_others_lose_nothing(
    database: Database, settings: Settings, asterisk: list[str]
) -> None:
    fill(database, settings)
    retaining.retain(settings, database, NOW)
    assert left_in_somewhere(database, settings.state)
    done = erase(settings, database, Subject(number="0471 00 02 99"))
    assert done.erased == {
        "contacts": 1,
        "decisions": 5,
        "events": 2,
        "callbacks": 1,
        "messages": 1,
        "called_last": 1,
        "webhook_deliveries": 1,
        "stored_answers": 1,
    }
    assert done.kept == ()
    assert asterisk == ["reception@boxes INBOX m"]
    assert left_in(database, settings.state) == []
    with database.reading() as session:
        decided = {each.id: each for each in journal.recent(session, 99)}
        assert {id_: each.caller for id_, each in decided.items() if each.caller == "~"}.keys() == {"d1", "d3"}
        assert (decided["d4"].caller, decided["d4"].called, decided["d5"].called) == ("claire", "~", "~")
        assert (decided["d6"].caller, decided["d6"].trace) == (OTHER, {"reduced": True})
        assert decided["d7"].trace["caller"]["name"] == "Benoît Maes"
        assert journal.story(session, "c7")[0].detail == {"line": OTHER}
        assert memory.called(session) == {OTHER}
        assert [each.number for each in open_requests(session)] == [OTHER]
    assert auditing.verify(database)[2] is None
    (entry,) = auditing.latest(database, 1)
    assert (entry.actor, entry.action, entry.thing) == ("user marie", "erase", "privacy")
    assert erase(settings, database, Subject(number=NUMBER)).erased == dict.fromkeys(done.erased, 0)


def left_in_somewhere(database: Database, state: Path) -> bool:
    """Otherwise it proves nothing that it is found nowhere afterwards."""
    try:
        return bool(left_in(database, state))
    except AssertionError:
        return True


def test_a_contact_goes_with_all_numbers_that_are_nobody_elses(
    database: Database, settings: Settings, asterisk: list[str]
) -> None:
    fill(database, settings)
    second = contact(database, "Second Person", ("+32471000288", NUMBER))
    with database.writing() as session:
        journal.write(session, [decision(8, caller="+32471000288", trace={"caller": {"name": "Second Person"}})], [])
    done = erase(settings, database, Subject(contact=second))
    assert done.kept == ("+32471000299: other contacts have it, too; erase the number to take it from all",)
    assert (done.erased["contacts"], done.erased["decisions"]) == (1, 1)
    with database.reading() as session:
        assert journal.decision_of(session, "c8").caller == "~"  # type: ignore[union-attr]
        assert journal.decision_of(session, "c3").caller == NUMBER  # type: ignore[union-attr]
    with pytest.raises(NotFound, match=f"no contact {second}"):
        erase(settings, database, Subject(contact=second))
    assert asterisk == []


def test_a_number_of_several_contacts_is_taken_from_all_and_a_namesake_keeps_the_name(
    database: Database, settings: Settings, asterisk: list[str]
) -> None:
    """Anne Lambert is a president with two numbers, and a parent with one of them."""
    fill(database, settings)
    assert erase(settings, database, Subject(number="+32471000201")).erased["contacts"] == 2
    csv = contacts.export(database).decode()
    assert "Anne Lambert" in csv
    assert "471 00 02 01" not in csv
    assert "71 00 02 01" in csv


def test_a_number_that_calls_are_steered_to_is_not_erased(database: Database, settings: Settings) -> None:
    fill(database, settings)
    with pytest.raises(Conflict, match=r"the draft uses this number: people\.claire\.phones\.gsm\.number; take it out"):
        erase(settings, database, Subject(number=staff_number()))
    presence.set_presence(database, "claire", Presence("forwarded", None, NUMBER), "tests", NOW)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="claire forwards calls to this number"):
        erase(settings, database, Subject(number=NUMBER))
    assert left_in_somewhere(database, settings.state)


def test_nothing_is_erased_while_asterisk_keeps_the_messages(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object) -> None:
        raise AsteriskUnavailable("start it")

    monkeypatch.setattr(voicemail, "remove", refuses)
    fill(database, settings)
    with pytest.raises(AsteriskUnavailable):
        erase(settings, database, Subject(number=NUMBER))
    with database.reading() as session:
        assert journal.decision_of(session, "c3").caller == NUMBER  # type: ignore[union-attr]


def test_what_is_kept_of_somebody_is_shown_and_the_audit_does_not_say_of_whom(
    database: Database, settings: Settings
) -> None:
    fill(database, settings)
    shown = erasing.export(database, Subject(number=NUMBER), MARIE, NOW)
    assert json.loads(json.dumps(shown)) == shown
    assert [each["name"] for each in shown["contacts"]] == [NINA]
    assert [(each["call"], each["outcome"]) for each in shown["calls"] if each["caller"] == NUMBER] == [
        ("c1", None),
        ("c3", "answered"),
    ]
    assert len(shown["calls"]) == 5
    counted = {name: len(shown[name]) for name in ("callbacks", "messages", "called_last", "webhooks")}
    assert counted == {"callbacks": 1, "messages": 1, "called_last": 1, "webhooks": 1}
    (entry,) = auditing.latest(database, 1)
    assert (entry.action, entry.thing, entry.after) == ("export", "privacy", '{"calls":5}')


def test_a_published_number_is_said_to_be_kept(database: Database, settings: Settings, asterisk: list[str]) -> None:
    fill(database, settings)
    document = json.loads(json.dumps(dump(PLAN)).replace(staff_number(), "+32470000777"))
    editing.apply(database, document)
    publishing.publish(database, NOW, "tests", "")
    done = erase(settings, database, Subject(number=staff_number()))
    assert any(each.startswith("1 plan versions: ") for each in done.kept), done.kept
    assert asterisk == []


def staff_number() -> str:
    return str(next(phone.number for phone in PLAN.people["claire"].phones.values() if phone.number))


@pytest.mark.parametrize("subject", [Subject(), Subject(number="1", contact=1)])
def test_it_must_be_said_who_is_meant(subject: Subject, database: Database) -> None:
    with pytest.raises(Refused, match="write a number, or the id of a contact"):
        erasing.export(database, subject, MARIE, NOW)


def test_what_is_no_number_is_refused(database: Database) -> None:
    with pytest.raises(NumberRefused):
        erasing.export(database, Subject(number="112"), MARIE, NOW)
