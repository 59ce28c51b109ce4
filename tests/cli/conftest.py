import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguillage.cli import main
from aiguillage.desk import editing
from aiguillage.desk.contacts import import_file
from aiguillage.desk.publishing import publish
from aiguillage.routing.document import dump
from aiguillage.store.database import open_database
from tests.cli.commands import Outcome, Run
from tests.databases import migrated_sqlite
from tests.ports import free_port
from tests.unit.examples import EXAMPLES, PLAN


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`aiguillage …` in this process, with a state folder of its own and no database yet."""
    for name in list(os.environ):
        if name.startswith("AIGUILLAGE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AIGUILLAGE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("AIGUILLAGE_HTTP_PORT", str(free_port()))  # where no service is
    monkeypatch.chdir(tmp_path)  # where no .env is

    def run(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["aiguillage", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        status = ended.value.code
        return Outcome(status if isinstance(status, int) else 0, printed.out, printed.err)

    return run


@pytest.fixture
def run(fresh: Run, tmp_path: Path) -> Run:
    """The same, with a migrated database."""
    (tmp_path / "state").mkdir()
    migrated_sqlite(tmp_path).close()
    (tmp_path / "test.db").rename(tmp_path / "state" / "aiguillage.db")
    return fresh


@pytest.fixture
def published(run: Run, tmp_path: Path) -> Run:
    """The same, with the example plan published and its directory imported."""
    database = open_database(f"sqlite:///{tmp_path / 'state' / 'aiguillage.db'}")
    editing.apply(database, dump(PLAN))
    publish(database, datetime.now(UTC), "tests", "the first")
    import_file(database, (EXAMPLES / "directory.csv").read_bytes())
    database.close()
    return run
