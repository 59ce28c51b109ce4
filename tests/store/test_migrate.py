"""The schema: the migrations make the tables that the code names, whoever runs them, and as often as they like."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, text

from aiguillage.errors import StoreUnavailable
from aiguillage.store import migrate
from aiguillage.store.columns import metadata
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import schema_state
from aiguillage.store.plan_tables import PLAN_TABLES


def tables_in(url: str) -> set[str]:
    database = open_database(url)
    try:
        return set(inspect(database.engine).get_table_names())
    finally:
        database.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_check_constraints_have_the_names_of_the_code(database: Database) -> None:
    """Alembic does not compare them, and doubles the prefix (`ck_reach_ck_reach_…`) where a migration forgets op.f."""
    found = inspect(database.engine)
    preparer = database.engine.dialect.identifier_preparer
    for table in PLAN_TABLES:
        wanted = {preparer.format_constraint(each) for each in table.constraints if isinstance(each, CheckConstraint)}
        assert {check["name"] for check in found.get_check_constraints(table.name)} == wanted, table.name


def test_foreign_keys_do_what_the_code_says(database: Database) -> None:
    """Alembic compares neither ON UPDATE CASCADE nor DEFERRED on every database."""
    found = inspect(database.engine)
    for table in PLAN_TABLES:
        for each in found.get_foreign_keys(table.name):
            options = each["options"]
            assert options["onupdate"] == "CASCADE", (table.name, each)
            assert options["deferrable"], (table.name, each)
            assert options["initially"] == "DEFERRED", (table.name, each)


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    before = tables_in(empty_url)
    migrate.upgrade(empty_url)
    assert tables_in(empty_url) == before
    assert before == {*metadata.tables, "alembic_version"}


def test_going_back_to_base_empties_the_database(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "base")
    assert tables_in(empty_url) == {"alembic_version"}
    migrate.upgrade(empty_url)


def test_processes_that_migrate_at_once_take_turns(empty_url: str) -> None:
    migrating = [sys.executable, "-c", f"from aiguillage.store.migrate import upgrade; upgrade({empty_url!r})"]
    processes = [subprocess.Popen(migrating) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert tables_in(empty_url) >= set(metadata.tables)


def test_a_schema_that_a_newer_release_made_is_refused(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    database = open_database(empty_url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match=r"newer release .*9999.* install that one"):
        migrate.upgrade(empty_url)
    state = schema_state(database)
    database.close()
    assert state.reachable
    assert not state.current
    assert "9999" in state.reason


def test_migrating_where_nothing_answers_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="AIGUILLAGE_DATABASE_URL") as refused:
        migrate.upgrade("postgresql://tests:hush-hush@127.0.0.1:1/nothing")
    assert "hush-hush" not in str(refused.value)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreUnavailable, match="AIGUILLAGE_DATABASE_URL"):
        migrate.upgrade(f"sqlite:///{tmp_path}/file/test.db")


def test_migrating_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_text("Dear diary, " * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        migrate.upgrade(f"sqlite:///{tmp_path}/test.db")


def test_a_sqlite_without_foreign_keys_is_not_ours(database: Database, kind: str) -> None:
    """SQLite has them off by default: a connection of our own must have them on."""
    if kind == "sqlite":
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert isinstance(connection.connection.driver_connection, sqlite3.Connection)


def test_messages_that_were_there_before_nodes_had_names_belong_to_the_only_one(empty_url: str) -> None:
    columns = "id, mailbox, folder, caller_name, at, seconds, listened, file, mail_to, mail_tries, mail_error"
    values = "'1-0.claire@people', 'claire@people', 'INBOX', '', '2026-11-24 12:00:00', 5, false, 'x', '', 0, ''"
    migrate.upgrade(empty_url, "0010")
    database = open_database(empty_url)
    with database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO messages ({columns}) VALUES ({values})"))
    database.close()
    for _ in range(2):
        migrate.upgrade(empty_url, "0011")
        database = open_database(empty_url)
        with database.engine.begin() as connection:
            assert connection.execute(text("SELECT id, node FROM messages")).all() == [("1-0.claire@people", "")]
        database.close()
        migrate.downgrade(empty_url, "0010")
