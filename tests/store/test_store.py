from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select, update
from tests.unit.examples import PLAN
from tests.unit.plans import plans as any_plan

from aiguillage.errors import Conflict, StoreUnavailable
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import Plan
from aiguillage.store import accounts, directory, endpoints, journal, migrate, plan_tables, plans, tables
from aiguillage.store.database import Database, open_database
from aiguillage.store.plan_rows import plan_of, rows_of

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@given(any_plan())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_plan_survives_its_rows(plan: Plan) -> None:
    assert plan_of(rows_of(plan)) == plan


@given(any_plan())
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_plan_is_the_draft_that_was_saved(database: Database, plan: Plan) -> None:
    with database.writing() as session:
        plans.save_draft(session, plan)
    with database.reading() as session:
        assert plans.load_draft(session) == plan


def test_there_is_no_draft_before_the_first(database: Database) -> None:
    with database.reading() as session:
        assert plans.load_draft(session) is None


def test_a_renamed_person_is_followed_by_every_reference(database: Database) -> None:
    with database.writing() as session:
        plans.save_draft(session, PLAN)
        people = plan_tables.people
        session.execute(update(people).where(people.c.key == "claire").values(key="claire-d"))
    with database.reading() as session:
        draft = plans.load_draft(session)
    assert draft is not None
    assert draft.units["hainaut"].mandates[0].person == "claire-d"
    assert draft.people["claire-d"].reach == PLAN.people["claire"].reach


def test_a_reference_to_nothing_is_not_committed(database: Database) -> None:
    with pytest.raises(Conflict, match="nothing was changed"), database.writing() as session:
        plans.save_draft(session, PLAN)
        session.execute(update(plan_tables.dids).values(trunk="nowhere"))
    with database.reading() as session:
        assert plans.load_draft(session) is None


def publish(database: Database, expected: int | None, by: str = "claire") -> int:
    with database.writing() as session:
        return plans.publish(session, document="{}", at=NOW, by=by, comment="why", expected_latest=expected)


def test_versions_are_numbered_and_kept(database: Database) -> None:
    assert [publish(database, None), publish(database, 1)] == [1, 2]
    with database.reading() as session:
        assert [version.number for version in plans.versions(session)] == [2, 1]
        assert plans.version(session, 1).published_at == NOW
        assert plans.revisions(session) == plans.Revisions(plan=2, directory=0)


def test_the_second_of_two_publishers_is_told_who_was_first(database: Database) -> None:
    publish(database, None, by="sophie")
    with pytest.raises(Conflict, match="sophie published version 1 meanwhile"):
        publish(database, None)


def test_contacts_come_back_in_the_order_of_their_import(database: Database) -> None:
    shared = E164("+32471000201")
    contacts = [
        Contact("Anne Lambert", (shared, E164("+3271000201")), "patro-jumet", "president", "fr"),
        Contact("Anne Lambert", (shared,), "patro-jumet", "parent", "fr", "même numéro, deux rôles"),
    ]
    for revision in (1, 2):
        with database.writing() as session:
            directory.replace_all(session, contacts)
        with database.reading() as session:
            assert list(directory.all_contacts(session)) == contacts
            assert plans.revisions(session).directory == revision


def test_the_journal_tells_a_call_as_it_was_written(database: Database) -> None:
    decision = journal.DecisionRecord("d1", "1.1", NOW, "inbound", None, "+3271000001", None, 1, [{}], {"a": "é"})
    events = [journal.EventRecord("1.1", NOW, kind, "1.2", "claire", "desk", {"n": kind}) for kind in ("x", "a", "b")]
    with database.writing() as session:
        journal.write(session, [decision], events)
    with database.reading() as session:
        assert journal.recent(session, 5) == [decision]
        assert journal.decision_of(session, "1.1") == decision
        assert journal.story(session, "1.1") == events


def test_a_token_is_known_by_its_hash_until_it_expires(database: Database) -> None:
    with database.writing() as session:
        token = accounts.create_token(session, "console", NOW, NOW + timedelta(days=1))
        assert token not in str(session.execute(select(tables.tokens)).all())
        assert accounts.verify_token(session, token, NOW) == "console"
        assert accounts.verify_token(session, token, NOW + timedelta(days=1)) is None
        assert accounts.verify_token(session, token + "x", NOW) is None


def test_a_phone_keeps_its_password(database: Database) -> None:
    with database.writing() as session:
        first = endpoints.passwords(session, ["claire", "marc"])
    with database.writing() as session:
        assert endpoints.passwords(session, ["claire", "tom"])["claire"] == first["claire"]
    assert len({*first.values()}) == 2


def test_an_instant_without_a_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="no time zone"), database.writing() as session:
        accounts.create_token(session, "x", datetime(2026, 11, 24), None)  # noqa: DTZ001


def test_a_database_without_schema_says_what_to_run(url: str) -> None:
    database = open_database(url)
    with pytest.raises(StoreUnavailable, match="run: aiguillage migrate"), database.reading() as session:
        plans.latest_version(session)
    database.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite:////proc/nowhere/test.db", "postgresql://someone:top-secret@127.0.0.1:1/db"],
    ids=["sqlite", "postgresql"],
)
def test_a_database_that_is_gone_is_named_without_its_password(url: str) -> None:
    database = open_database(url)
    with pytest.raises(StoreUnavailable, match="does not answer") as refused, database.reading() as session:
        plans.latest_version(session)
    assert "top-secret" not in str(refused.value)
    database.close()


def test_readers_go_on_while_somebody_writes_and_writers_take_turns(tmp_path: Path) -> None:
    """SQLite's write-ahead log; PostgreSQL needs no proof of ours."""
    url = f"sqlite:///{tmp_path}/test.db"
    migrate.upgrade(url)
    first, second = open_database(url), open_database(url)
    with first.writing() as writing:
        plans.save_draft(writing, PLAN)
        with second.reading() as reading:
            assert plans.load_draft(reading) is None
    with second.reading() as reading:
        assert plans.load_draft(reading) == PLAN
    first.close()
    second.close()
