"""The draft as rows, and the published versions."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from aiguillage.errors import Conflict, NotFound
from aiguillage.routing import plan as p
from aiguillage.routing.document import dump
from aiguillage.routing.numbers import Pattern
from aiguillage.store import directory, plan_tables, plans
from aiguillage.store.columns import metadata
from aiguillage.store.database import Database
from aiguillage.store.plan_rows import rows_of
from aiguillage.store.revisions import Revisions, revisions
from aiguillage.text_formats import write_json
from tests.unit.builders import keyed, person, ring, route, small_plan
from tests.unit.examples import PLAN
from tests.unit.plans import plans as any_plans

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def saved(database: Database, plan: p.Plan) -> p.Plan | None:
    """The plan as it comes back."""
    with database.writing() as session:
        plans.save_draft(session, plan)
    return draft(database)


def draft(database: Database) -> p.Plan | None:
    with database.reading() as session:
        return plans.load_draft(session)


def publish(database: Database, document: str = "{}", *, latest: int | None, by: str = "claire") -> int:
    with database.writing() as session:
        return plans.publish(session, document=document, at=NOON, by=by, comment="why", expected_latest=latest)


# --- the draft ---


def test_there_is_no_draft_at_first(database: Database) -> None:
    assert draft(database) is None


def test_the_example_comes_back_equal_and_in_its_order(database: Database) -> None:
    found = saved(database, PLAN)
    assert found == PLAN
    assert write_json(dump(found)) == write_json(dump(PLAN))


@given(plan=any_plans())
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_plan_comes_back_from_its_tables(database: Database, plan: p.Plan) -> None:
    """Each example replaces the one before it: nothing of that one stays."""
    found = saved(database, plan)
    assert found == plan
    assert write_json(dump(found)) == write_json(dump(plan))


def test_a_saved_draft_replaces_the_one_before_as_a_whole(database: Database) -> None:
    small = small_plan(route("all", ring("anne")), people=[person("anne")])
    saved(database, PLAN)
    assert saved(database, small) == small


@pytest.mark.parametrize(
    "inconsistent",
    [
        small_plan(route("all", ring("nobody"))),
        small_plan(dids=keyed(p.Did("central", PLAN.dids["central"].number, "no-trunk"))),
        small_plan(people=[person("anne", reach=(p.Reach(("no-phone",)),))]),
        small_plan(people=[person("anne", reach=(p.Reach(("desk",), hours=p.Hours(when=("never",))),))]),
        small_plan(units=keyed(p.Unit("patro", "Patro", parent="no-unit"))),
        small_plan(route("all", p.EnterMenu("no-menu"))),
        small_plan(outbound_routes=(p.OutboundRoute("all", (Pattern("+*"),), ("no-trunk",)),)),
    ],
    ids=["person", "trunk", "phone", "schedule", "unit", "menu", "outbound trunk"],
)
def test_rows_that_name_what_does_not_exist_are_refused_at_commit(database: Database, inconsistent: p.Plan) -> None:
    saved(database, PLAN)
    with pytest.raises(IntegrityError):
        saved(database, inconsistent)
    assert draft(database) == PLAN


def test_a_step_belongs_to_one_route_menu_or_last_resort(database: Database) -> None:
    saved(database, PLAN)
    with pytest.raises(IntegrityError, match="one_owner"), database.writing() as session:
        session.execute(update(plan_tables.steps).values(last_resort=True))


def test_who_is_still_named_cannot_be_deleted(database: Database) -> None:
    saved(database, PLAN)
    people = plan_tables.people
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(delete(people).where(people.c.key == "claire"))


@pytest.mark.parametrize(
    "table, column, old",
    [
        ("people", "key", "claire"),
        ("schedules", "key", "office"),
        ("units", "key", "hainaut"),
        ("trunks", "key", "operator"),
        ("menus", "key", "main"),
        ("prompts", "key", "closed"),
        ("dids", "key", "central"),
        ("voicemail_boxes", "key", "reception"),
        ("permissions", "key", "national"),
        ("inbound_routes", "name", "shop"),
    ],
)
def test_renaming_a_key_is_followed_everywhere(database: Database, table: str, column: str, old: str) -> None:
    saved(database, PLAN)
    with database.writing() as session:
        renamed = metadata.tables[table].c[column]
        session.execute(update(renamed.table).where(renamed == old).values({column: "renamed"}))
    after, before = draft(database), rows_of(PLAN)
    assert after is not None
    there = rows_of(after)
    assert sum(str(there[each]).count("'renamed'") for each in there) > 1
    assert all(len(there[each]) == len(before[each]) for each in before)
    with database.writing() as session:
        session.execute(update(renamed.table).where(renamed == "renamed").values({column: old}))
    assert draft(database) == PLAN


# --- versions ---


def test_versions_are_numbered_from_one_and_kept_as_they_were(database: Database) -> None:
    assert publish(database, '{"a":"é"}', latest=None) == 1
    assert publish(database, '{"b":2}', latest=1) == 2
    with database.reading() as session:
        first, latest = plans.version(session, 1), plans.latest_version(session)
        assert [each.number for each in plans.versions(session)] == [2, 1]
    assert (first.document, first.published_at, first.published_by, first.comment) == (
        '{"a":"é"}',
        NOON,
        "claire",
        "why",
    )
    assert first.checksum == hashlib.sha256('{"a":"é"}'.encode()).hexdigest()
    assert latest is not None
    assert latest.number == 2


def test_a_version_that_never_was_is_not_found(database: Database) -> None:
    with database.reading() as session:
        assert plans.latest_version(session) is None
        assert plans.versions(session) == []
        with pytest.raises(NotFound, match="no version 7"):
            plans.version(session, 7)


def test_whoever_looked_at_an_older_version_is_told_who_published_meanwhile(database: Database) -> None:
    publish(database, latest=None)
    publish(database, latest=1, by="marc")
    for stale in (None, 1):
        with pytest.raises(Conflict, match=r"marc published version 2 meanwhile \(why\)"):
            publish(database, latest=stale)
    with database.reading() as session:
        assert len(plans.versions(session)) == 2


def test_the_published_plan_being_gone_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict, match="publish again"):
        publish(database, latest=3)


def test_of_those_who_publish_at_the_same_moment_one_has_it(database: Database) -> None:
    publish(database, latest=None)
    together = threading.Barrier(4)

    def one(name: str) -> int | str:
        together.wait(10)
        try:
            return publish(database, latest=1, by=name)
        except Conflict as conflict:
            return str(conflict)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(one, ["anne", "benoit", "claire", "daan"]))
    assert told.count(2) == 1
    assert sum("published version 2 meanwhile" in str(each) for each in told) == 3


def test_revisions_tell_what_changed(database: Database) -> None:
    with database.reading() as session:
        assert revisions(session) == Revisions(0, 0, 0)
    publish(database, latest=None)
    for _ in range(2):
        with database.writing() as session:
            directory.replace_all(session, [])
    with database.reading() as session:
        assert revisions(session) == Revisions(1, 2, 0)


def test_an_unusual_route_survives(database: Database) -> None:
    """Conditions that stand in columns of their own, and none of which the example has."""
    caller = p.CallerCondition(known=False, withheld=None, returning_call=timedelta(minutes=90), languages=("nl",))
    plan = replace(PLAN, inbound_routes=(p.InboundRoute("odd", (p.HangUp("busy"),), caller=caller),))
    assert saved(database, plan) == plan
    with database.reading() as session:
        assert session.scalar(select(plan_tables.inbound_routes.c.returning_call)) == 90


def test_only_one_organisation_is_kept(database: Database) -> None:
    saved(database, PLAN)
    row = {**rows_of(PLAN)["organisation"][0], "id": 2}
    with pytest.raises(IntegrityError, match="only_one"), database.writing() as session:
        session.execute(insert(plan_tables.organisation), row)
