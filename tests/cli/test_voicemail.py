"""The commands about voicemail."""

from pathlib import Path

import pytest

from aiguillage.store.database import open_database
from tests.cli.commands import PLAN_FILE, Run
from tests.databases import migrated_sqlite
from tests.desk.spool import FakeSpool, book, snapshot_of, with_mail

ID = "1795510800-00000000.claire@people"


@pytest.fixture
def run(fresh: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The example is published, and Anne has left a message for Claire."""
    state = tmp_path / "state"
    state.mkdir()
    migrated_sqlite(state).close()
    (state / "test.db").rename(state / "aiguillage.db")
    assert fresh("plan", "apply", PLAN_FILE, "--publish").status == 0
    spool = FakeSpool(state / "asterisk/spool/voicemail")
    spool.leave("claire@people", 0, ID.partition(".")[0], caller='"Anne Lambert" <+32471000201>')
    database = open_database(f"sqlite:///{state / 'aiguillage.db'}")
    settings = with_mail(tmp_path, 1, voicemail_dir=spool.folder)
    book(settings, database).keep_in_step(snapshot_of())
    database.close()
    capsys.readouterr()  # the log of this
    return fresh


def test_messages_are_listed(run: Run) -> None:
    said = run("voicemail", "list").said
    assert said.startswith(f"{ID}: 2026-11-24 ")
    assert "65 s, from Anne Lambert +32471000201, new, to be mailed to claire@patro.example" in said
    assert said.endswith("1 message.\n")
    assert run("voicemail", "list", "reception@boxes").said == "0 messages.\n"
    (message,) = run("voicemail", "list", "--json").data["messages"]
    assert (message["id"], message["at"]) == (ID, "2026-11-24T09:00:00+00:00")


def test_what_cannot_be_deleted_is_told(run: Run) -> None:
    assert "voicemail list" in run("voicemail", "delete", "nothing").complained
    outcome = run("voicemail", "delete", ID)
    assert outcome.status == 1
    assert "manager interface" in outcome.complained


def test_each_mailbox_has_a_pin_of_its_own(run: Run, tmp_path: Path) -> None:
    found = {each["mailbox"]: each for each in run("voicemail", "pins", "--json").data["mailboxes"]}
    assert {key: each["extension"] for key, each in found.items()} == {"reception@boxes": "299", "claire@people": "201"}
    pins = [each["pin"] for each in found.values()]
    assert all(len(pin) == 6 and pin.isdigit() for pin in pins)
    assert (
        f"Claire Dubois (claire@people): extension 201, PIN {found['claire@people']['pin']}"
        in run("voicemail", "pins").said
    )
    (tmp_path / "state/asterisk/spool/voicemail/people/claire/secret.conf").write_text("[general]\npassword=1\n")
    assert "extension 201, a PIN that its owner has chosen" in run("voicemail", "pins").said
