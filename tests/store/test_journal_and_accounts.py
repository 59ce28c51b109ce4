"""The journal, the tokens, and the passwords of the phones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from aiguillage.store import accounts, endpoints, journal
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.tables import tokens

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def decision(number: int, call: str = "call-1", **facts: object) -> DecisionRecord:
    """The decision of the minute `number` after noon."""
    given = {
        "id": f"decision-{number}",
        "call": call,
        "at": NOON + number * MINUTE,
        "kind": "inbound",
        "caller": "+32471000201",
        "called": "+3271000001",
        "route": "shop",
        "plan_version": 3,
        "itinerary": [{"kind": "ring", "legs": []}],
        "trace": {"remarks": ["é", None, 1.5]},
        **facts,
    }
    return DecisionRecord(**given)  # type: ignore[arg-type]


# --- the journal ---


def test_decisions_come_back_the_newest_first(database: Database) -> None:
    written = [decision(2), decision(1, caller=None, route=None), decision(3, call="call-2")]
    with database.writing() as session:
        journal.write(session, written, [])
    with database.reading() as session:
        assert [each.id for each in journal.recent(session, 2)] == ["decision-3", "decision-2"]
        assert journal.recent(session, 9)[-1] == written[1]
        assert journal.decision_of(session, "call-1") == written[0]
        assert journal.decision_of(session, "call-9") is None


def test_the_story_of_a_call_is_told_in_the_order_in_which_it_happened(database: Database) -> None:
    told = [
        EventRecord("call-1", NOON + MINUTE, "leg-ended", "leg-1", "claire", "desk", {"outcome": "BUSY"}),
        EventRecord("call-2", NOON, "answered"),
        EventRecord("call-1", NOON, "ringing", "leg-1", "claire", "desk", {"line": "claire"}),
        EventRecord("call-1", NOON, "step"),
    ]
    with database.writing() as session:
        journal.write(session, [], told[:2])
        journal.write(session, [decision(1)], told[2:])
    with database.reading() as session:
        assert journal.story(session, "call-1") == [told[2], told[3], told[0]]
        assert journal.story(session, "call-2") == [told[1]]
        assert journal.story(session, "call-9") == []


def test_writing_nothing_is_no_fault(database: Database) -> None:
    with database.writing() as session:
        journal.write(session, [], [])
    with database.reading() as session:
        assert journal.recent(session, 1) == []


def test_a_decision_without_a_time_zone_is_refused(database: Database) -> None:
    naive = decision(1, at=NOON.replace(tzinfo=None))
    with pytest.raises(StatementError, match="has no time zone"), database.writing() as session:
        journal.write(session, [naive], [])


# --- tokens ---


def made(database: Database, name: str, expires: datetime | None = None) -> str:
    with database.writing() as session:
        return accounts.create_token(session, accounts.StoredToken(0, name, NOON, expires, None, None))[1]


def whose(database: Database, token: str, at: datetime) -> str | None:
    with database.reading() as session:
        found = accounts.verify_token(session, token, at)
    return found.name if found else None


def test_a_token_is_known_by_its_name_until_it_expires(database: Database) -> None:
    brief, lasting = made(database, "claire", NOON + MINUTE), made(database, "console")
    assert brief != lasting
    assert whose(database, brief, NOON) == "claire"
    assert whose(database, brief, NOON + MINUTE) is None
    assert whose(database, lasting, NOON + 1_000_000 * MINUTE) == "console"


def test_a_token_that_is_changed_is_the_same_token(database: Database) -> None:
    token, other = made(database, "claire", NOON + MINUTE), made(database, "console")
    with database.writing() as session:
        first, _ = accounts.all_tokens(session)
        accounts.change_token(session, first.id, name="nightly", expires=NOON + 9 * MINUTE)
        assert accounts.token_by_id(session, first.id) == replace(first, name="nightly", expires=NOON + 9 * MINUTE)
    assert whose(database, token, NOON + MINUTE) == "nightly"
    assert whose(database, token, NOON + 9 * MINUTE) is None
    assert whose(database, other, NOON) == "console"


@pytest.mark.parametrize("wrong", ["", "aig_", "aig_nobody", "é", "\ud800", "\0", "x" * 100_000])
def test_a_token_that_was_never_made_is_unknown(database: Database, wrong: str) -> None:
    made(database, "claire")
    assert whose(database, wrong, NOON) is None


def test_a_token_itself_is_not_kept(database: Database) -> None:
    token = made(database, "claire")
    with database.reading() as session:
        rows = str(session.execute(select(tokens)).all())
    assert "claire" in rows
    assert token not in rows
    assert token.removeprefix(accounts.PREFIX) not in rows


# --- sessions ---


def test_the_end_of_a_session_is_moved_on_and_never_back(database: Database) -> None:
    claire = accounts.StoredUser("claire", "Claire", "auditor", None, None, False, NOON)
    with database.writing() as session:
        accounts.add_user(session, claire)
        secret, other = (accounts.open_session(session, "claire", NOON, NOON + MINUTE) for _ in range(2))
        for end in (NOON + 3 * MINUTE, NOON + 2 * MINUTE):
            accounts.move_session(session, secret, end)
    with database.reading() as session:
        kept = accounts.session_of(session, secret, NOON + 2 * MINUTE)
        assert kept == accounts.KeptSession(claire, NOON, NOON + 3 * MINUTE)
        assert accounts.session_of(session, secret, NOON + 3 * MINUTE) is None
        assert accounts.session_of(session, other, NOON + MINUTE) is None


# --- passwords ---


def test_a_phones_password_is_made_once(database: Database) -> None:
    with database.writing() as session:
        first = endpoints.passwords(session, ["claire", "marc"])
    with database.writing() as session:
        second = endpoints.passwords(session, ["marc", "tom"])
    assert second["marc"] == first["marc"]
    assert set(second) == {"marc", "tom"}
    assert len({*first.values(), *second.values()}) == 3
    assert all(len(password) >= 20 for password in first.values())


def test_no_phones_need_no_passwords(database: Database) -> None:
    with database.writing() as session:
        assert endpoints.passwords(session, []) == {}
