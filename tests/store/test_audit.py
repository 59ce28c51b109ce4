"""The audit: append-only, chained, and honest about what was tampered with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from aiguillage.errors import StoreUnavailable
from aiguillage.store import audit
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database
from aiguillage.store.tables import audit as table

AT = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)


def note(database: Database, number: int = 1, **fields: Any) -> None:
    for each in range(number):
        with database.writing() as session:
            said: dict[str, Any] = {"actor": "token claire", "action": "change", "thing": "people/claire", **fields}
            audit.append(session, AT + timedelta(seconds=each), Deed(**said))


def verdict(database: Database) -> tuple[int, str, str | None]:
    with database.reading() as session:
        return audit.first_fault(session)


def without_triggers(session: Session) -> None:
    """As somebody does who has the database in their hands."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET session_replication_role = replica"))
    else:
        session.execute(text("DROP TRIGGER audit_append_only_update"))
        session.execute(text("DROP TRIGGER audit_append_only_delete"))


def test_entries_are_kept_in_order_and_chained(database: Database) -> None:
    assert verdict(database) == (0, audit.BEGINNING, None)
    note(database, 3, before={"name": "Claire"}, after={"name": "Clara"}, revision="r1", request="q1")
    note(database, thing="people/marc", after={})
    with database.reading() as session:
        first, *_, last = audit.entries(session)
        assert [each.number for each in audit.entries(session, "people/claire")] == [1, 2, 3]
        assert [each.number for each in audit.last_changes(session, "people/claire", 2)] == [3, 2]
        assert audit.last_changes(session, "people/nobody", 2) == []
    assert (first.at, first.actor, first.before, first.after) == (
        AT,
        "token claire",
        '{"name":"Claire"}',
        '{"name":"Clara"}',
    )
    assert (last.thing, last.before, last.after, last.revision) == ("people/marc", None, "{}", None)
    assert verdict(database) == (4, last.hash, None)


def test_an_entry_goes_with_the_deed_that_failed(database: Database) -> None:
    with pytest.raises(RuntimeError), database.writing() as session:
        audit.append(session, AT, Deed("x", "x", "x"))
        raise RuntimeError
    assert verdict(database)[0] == 0


@pytest.mark.parametrize("deed", [update(table).values(actor="nobody"), delete(table)])
def test_the_database_refuses_to_change_it(database: Database, deed: Any) -> None:
    note(database, 2)
    with pytest.raises((StoreUnavailable, Exception), match="append-only"), database.writing() as session:
        session.execute(deed)
    assert verdict(database)[0] == 2


@pytest.mark.parametrize(
    "tampering, fault",
    [
        (update(table).where(table.c.number == 2).values(actor="nobody"), "entry 2 was changed after it was written"),
        (update(table).where(table.c.number == 2).values(before=None), "entry 2 was changed"),
        (update(table).where(table.c.number == 2).values(at=AT), "entry 2 was changed"),
        (update(table).where(table.c.number == 2).values(hash="0" * 64), "entry 2 was changed"),
        (delete(table).where(table.c.number == 2), "entry 2 is missing"),
        (delete(table).where(table.c.number == 1), "entry 1 is missing"),
    ],
)
def test_tampering_is_found(database: Database, tampering: Any, fault: str) -> None:
    note(database, 4, before={"a": 1}, after={"a": 2})
    with database.writing() as session:
        without_triggers(session)
        session.execute(tampering)
    found = verdict(database)[2]
    assert found is not None
    assert found.startswith(fault)


def test_what_was_cut_off_at_the_end_shows_in_the_last_hash(database: Database) -> None:
    note(database, 3)
    before = verdict(database)
    with database.writing() as session:
        without_triggers(session)
        session.execute(delete(table).where(table.c.number == 3))
    assert verdict(database)[2] is None
    assert verdict(database)[:2] != before[:2]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actor=TEXTS, value=st.recursive(st.none() | st.booleans() | TEXTS, lambda inner: st.lists(inner, max_size=3)))
def test_whatever_is_noted_verifies(database: Database, actor: str, value: Any) -> None:
    note(database, actor=actor, before=value, after={"value": value})
    assert verdict(database)[2] is None
    with database.reading() as session:
        assert session.scalar(select(table.c.actor).order_by(table.c.number.desc()).limit(1)) == actor
