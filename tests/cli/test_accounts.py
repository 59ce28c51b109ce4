"""Users, tokens and the audit on the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands import PLAN_FILE, Run, refused, well


def test_a_user_is_made_invited_and_deleted(published: Run) -> None:
    link = well(published("user", "create", "marie", "--role", "receptionist", "--full-name", "Marie Lambert"))
    assert "/welcome?invitation=" in link
    assert well(published("user", "list")) == (
        "marie: Marie Lambert, receptionist, has not chosen a password yet\n1 user.\n"
    )
    assert well(published("user", "invite", "marie")) != link
    well(published("user", "create", "claire", "--role", "person", "--person", "claire"))
    well(published("user", "create", "marc", "--role", "editor", "--unit", "hainaut"))
    assert [each["unit"] for each in published("user", "list", "--json").data["users"]] == [None, "hainaut", None]
    well(published("user", "delete", "marie"))
    assert "marie" not in well(published("user", "list"))


@pytest.mark.parametrize(
    "words, reason",
    [
        (("x", "--role", "boss"), "role: write one of administrator, receptionist"),
        (("x", "--role", "person"), "person: the role person needs one"),
        (
            ("x", "--role", "editor", "--unit", "hainau"),
            'no "hainau" in units; did you mean "hainaut"?',
        ),
        (("X Y", "--role", "auditor"), "name: write small letters"),
        (("x", "--role", "auditor", "--full-name", "a\nb"), "full_name: write 1 to 200"),
    ],
)
def test_a_user_who_could_do_nothing_is_refused(published: Run, words: tuple[str, ...], reason: str) -> None:
    assert reason in refused(published("user", "create", *words))
    assert published("user", "list", "--json").data == {"users": []}


def test_the_last_administrator_stays(run: Run) -> None:
    well(run("user", "create", "boss", "--role", "administrator"))
    assert "nobody who is an administrator" in refused(run("user", "delete", "boss"))
    assert "is there already" in refused(run("user", "create", "boss", "--role", "auditor"))
    assert 'no user "bos"; did you mean "boss"?' in refused(run("user", "invite", "bos"))


def test_tokens_are_for_something_listed_and_deleted(run: Run) -> None:
    token = well(run("token", "create", "backup", "--scope", "plan:read", "--scope", "audit:read", "--days", "30"))
    assert token.startswith("aig_")
    assert 'no scope; did you mean "plan:read"?' in refused(run("token", "create", "x", "--scope", "plan:reed"))
    well(run("token", "create", "all"))
    listed = well(run("token", "list"))
    assert "for audit:read, plan:read" in listed
    assert "2: all, until it is deleted, for everything" in listed
    assert token.strip() not in listed
    assert run("token", "list", "--json").data["tokens"][0]["scopes"] == ["audit:read", "plan:read"]
    well(run("token", "delete", "1"))
    assert "there is no token 1" in refused(run("token", "delete", "1"))


def test_the_audit_says_who_did_what_and_notices_a_change(run: Run, tmp_path: Path) -> None:
    assert well(run("audit", "verify")) == "0 entries, unchanged. The last hash is none.\n"
    well(run("plan", "apply", PLAN_FILE, "--publish"))
    well(run("token", "create", "backup"))
    listed = well(run("audit", "list"))
    assert [line.partition(": ")[2] for line in listed.splitlines()] == ["replace plan", "publish plan", "add tokens/1"]
    assert len(run("audit", "list", "plan", "--last", "1", "--json").data["audit"]) == 1
    assert "3 entries, unchanged" in well(run("audit", "verify"))
    with closing(sqlite3.connect(tmp_path / "state" / "aiguillage.db")) as file:
        file.execute("DROP TRIGGER audit_append_only_update")
        file.execute("UPDATE audit SET actor = 'nobody' WHERE number = 2")
        file.commit()
    assert "entry 2 was changed after it was written" in refused(run("audit", "verify"))
    assert run("audit", "verify", "--json").data["fault"] == "entry 2 was changed after it was written"
