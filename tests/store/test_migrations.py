import subprocess
import sys
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from aiguillage.store import migrate
from aiguillage.store.database import open_database
from aiguillage.store.plan_tables import PLAN_TABLES
from aiguillage.store.tables import metadata


def differences(url: str) -> list[Any]:
    database = open_database(url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, metadata)
    database.close()
    return found


def test_the_migrations_build_the_schema_of_the_tables(url: str) -> None:
    migrate.upgrade(url)
    assert {table.name for table in PLAN_TABLES} <= set(metadata.tables)
    assert differences(url) == []


def test_migrating_twice_changes_nothing(url: str) -> None:
    migrate.upgrade(url)
    migrate.upgrade(url)
    assert differences(url) == []


def test_constraints_have_the_names_that_the_tables_give_them(url: str) -> None:
    migrate.upgrade(url)
    database = open_database(url)
    checks = {check["name"] for check in inspect(database.engine).get_check_constraints("steps")}
    database.close()
    assert checks == {"ck_steps_one_owner"}


def test_downgrading_empties_the_database(url: str) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    database = open_database(url)
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    database.close()


def test_two_processes_that_start_at_once_migrate_one_after_the_other(url: str) -> None:
    migrating = [sys.executable, "-c", f"from aiguillage.store.migrate import upgrade; upgrade({url!r})"]
    processes = [subprocess.Popen(migrating) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert differences(url) == []
