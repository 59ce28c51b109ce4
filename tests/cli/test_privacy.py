"""aiguillage privacy: shown, erased, forgotten in time."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiguillage.store import journal
from aiguillage.store.database import open_database
from aiguillage.store.journal import DecisionRecord, EventRecord
from tests.cli.commands import Run, refused, well

NUMBER = "+32471000205"


def write(folder: Path, *days_ago: int) -> None:
    """Calls of NUMBER."""
    database = open_database(f"sqlite:///{folder / 'state' / 'aiguillage.db'}")
    for days in days_ago:
        at = datetime.now(UTC) - timedelta(days=days)
        trace = {"caller": {"number": NUMBER, "name": "Famille Diallo"}, "at": at.isoformat()}
        facts: Any = (f"d{days}", f"c{days}", at, "inbound", NUMBER, "+3271000001", "office", 1, [], trace)
        with database.writing() as session:
            journal.write(session, [DecisionRecord(*facts)], [EventRecord(f"c{days}", at, "call-ended")])
    database.close()


def test_what_is_kept_of_a_number_is_printed(published: Run, tmp_path: Path) -> None:
    write(tmp_path, 1)
    told = json.loads(well(published("privacy", "export", "0471 00 02 05")))
    assert told["numbers"] == [NUMBER]
    assert [each["outcome"] for each in told["calls"]] == ["missed"]


def test_a_number_is_erased(published: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody is there to say yes
    assert published("privacy", "erase", NUMBER).status == 1
    assert "Famille Diallo" in well(published("directory", "export"))
    assert well(published("privacy", "erase", NUMBER, "--yes")) == "Erased: 1 contacts, 1 decisions.\n"
    assert "Famille Diallo" not in well(published("directory", "export"))
    told = well(published("explain", "--call", "c1", "--lang", "en"))
    assert "who called, and why it went there, is not kept any more." in told
    assert NUMBER not in told
    assert well(published("directory", "erase", NUMBER, "--yes")) == "Erased: nothing was kept.\n"


def test_a_number_of_the_plan_is_refused(published: Run) -> None:
    assert "the draft uses this number: dids.central" in refused(published("privacy", "erase", "+3271000001", "--yes"))


def test_old_calls_lose_their_numbers_and_older_ones_become_counts(published: Run, tmp_path: Path) -> None:
    write(tmp_path, 1, 91, 397)
    assert well(published("privacy", "retain")) == (
        "1 decision lost their numbers and 1 decision became counts; 0 messages and 0 other rows were taken out.\n"
    )
    calls = json.loads(well(published("calls", "--json")))["calls"]
    assert [each["from"][:1] for each in calls] == ["+", "~"]
    told = well(published("replay", "--since", "2020-01-01", "--lang", "en"))
    assert "1 call was left out: its caller's number is not kept any more." in told
    done = json.loads(well(published("privacy", "retain", "--json")))
    assert not any(done.values())


def test_the_days_are_settings(published: Run, tmp_path: Path) -> None:
    write(tmp_path, 8)
    (tmp_path / ".env").write_text("AIGUILLAGE_KEEP_NUMBERS_DAYS=7\n")
    assert json.loads(well(published("privacy", "retain", "--json")))["hidden"] == 1
    (tmp_path / ".env").write_text("AIGUILLAGE_KEEP_NUMBERS_DAYS=7\nAIGUILLAGE_KEEP_CALLS_DAYS=6\n")
    assert "keep_calls_days must not be below keep_numbers_days" in refused(published("privacy", "retain"))
