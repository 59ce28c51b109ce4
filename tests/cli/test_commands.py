"""The command line: what each command says, on which stream, and with which exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiguillage.text_formats import read_yaml
from tests.cli.commands import CONTACTS_FILE, PLAN_FILE, Run, refused, well
from tests.unit.examples import PLAN, PLAN_TEXT


def test_as_a_programme_of_its_own(tmp_path: Path) -> None:
    environment = {**os.environ, "AIGUILLAGE_STATE_DIR": str(tmp_path), "PYTHONWARNINGS": "error::ResourceWarning"}

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aiguillage", *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    migrated = start("migrate")
    assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "The database is up to date.\n", "")
    unknown = start("explain", "--from", "withheld")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("aiguillage: no plan has been published yet")


def test_migrate_makes_the_database_and_may_be_repeated(fresh: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert "up to date" in well(fresh("migrate"))
    assert (tmp_path / "state" / "aiguillage.db").exists()


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["plan"], ["plan", "apply"], ["explain"], ["plan", "check", "x", "--odd"]]
)
def test_wrong_use_is_told_with_status_2(fresh: Run, words: list[str]) -> None:
    found = fresh(*words)
    assert found.status == 2
    assert "Usage: aiguillage" in found.said + found.complained


@pytest.mark.parametrize(
    "words", [["plan", "export"], ["plan", "publish"], ["explain", "--from", "withheld"], ["token", "create", "x"]]
)
def test_without_a_migrated_database_the_remedy_is_named(fresh: Run, words: list[str]) -> None:
    assert "run: aiguillage migrate" in refused(fresh(*words))


# --- the plan ---


def test_a_good_plan_is_checked_without_a_database(fresh: Run, tmp_path: Path) -> None:
    told = well(fresh("plan", "check", PLAN_FILE, "--lang", "en"))
    assert ": a good plan. No call gets lost in the next twelve months." in told
    assert "Inbound routes: 8, people: 5." in told
    data = fresh("plan", "check", PLAN_FILE, "--json").data
    assert (data["ok"], data["faults"]) == (True, [])
    assert {problem["severity"] for problem in data["problems"]} == {"warning"}
    assert not (tmp_path / "state").exists()


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    """A plan file with two faults."""
    file = tmp_path / "faulty.yaml"
    file.write_text(PLAN_TEXT.replace("group:shop", "group:shoop").replace("until: 2027-08-31", "until: 2027-02-31"))
    return str(file)


def test_a_plan_with_faults_is_refused_with_all_of_them(run: Run, faulty: str) -> None:
    for deed in ("check", "apply"):
        reason = refused(run("plan", deed, faulty))
        assert "units.hainaut.mandates[0].until: " in reason
        assert "3 faults; nothing was changed" in reason
    found = run("plan", "check", faulty, "--json")
    assert (found.status, found.data["ok"], len(found.data["faults"])) == (1, False, 3)
    assert set(found.data["faults"][0]) == {"path", "message"}
    assert "no plan yet" in refused(run("plan", "export"))


@pytest.mark.parametrize(
    "content, reason",
    [
        (None, "No such file"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"{", "not readable as YAML"),
        (b"", "expected a mapping"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(fresh: Run, tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "odd.yaml").write_bytes(content)
    assert reason in refused(fresh("plan", "check", "odd.yaml"))


def test_what_was_applied_is_exported(run: Run) -> None:
    assert "Calls still follow the published plan" in well(run("plan", "apply", PLAN_FILE))
    as_yaml, as_json = well(run("plan", "export")), run("plan", "export", "--json").data
    assert read_yaml(as_yaml) == as_json
    assert as_json["organisation"]["name"] == PLAN.organisation.name


def test_an_export_applies_again(run: Run, tmp_path: Path) -> None:
    well(run("plan", "apply", PLAN_FILE))
    exported = well(run("plan", "export"))
    (tmp_path / "again.yaml").write_text(exported)
    well(run("plan", "apply", "again.yaml"))
    assert well(run("plan", "export")) == exported


def test_a_plan_is_applied_and_published_at_once(run: Run) -> None:
    told = well(run("plan", "apply", PLAN_FILE, "--publish", "--comment", "the first"))
    assert "Published as version 1; no service answers at http://127.0.0.1:" in told
    assert "Calls still follow" not in told
    assert "The directory now has 9 contacts." in well(run("directory", "import", CONTACTS_FILE))


def test_versions_are_published_one_after_the_other(published: Run) -> None:
    assert "Published as version 2" in well(published("plan", "publish", "--comment", "again"))


def test_without_a_draft_nothing_is_published(run: Run) -> None:
    assert "aiguillage plan apply PLAN.yaml" in refused(run("plan", "publish"))


# --- explain ---


def test_an_explanation_for_people(published: Run) -> None:
    words = ["explain", "--from", "0471 00 02 01", "--to", "central", "--at", "2026-11-24 10:00"]
    told = well(published(*words, "--lang", "en"))
    assert "Anne Lambert" in told
    assert "Route: local leaders to their region" in told
    assert "1. ring Claire Dubois: desk, 15 s" in told
    assert "1. faire sonner Claire Dubois" in well(published(*words))  # the organisation's first language


def test_an_explanation_for_programs(published: Run) -> None:
    words = ["explain", "--from", "+32471000201", "--to", "central", "--at", "2026-11-24T10:00", "--json"]
    found = json.loads(well(published(*words)))
    assert {"caller", "route", "itinerary", "trace", "plan_version"} <= set(found)
    assert found["caller"]["name"] == "Anne Lambert"
    assert found["plan_version"] == 1
    first = found["itinerary"][0]
    assert (first["kind"], first["seconds"]) == ("ring", 15)
    assert [(leg["person"], leg["phone"]) for leg in first["legs"]] == [("claire", "desk")]
    assert [step["kind"] for step in found["itinerary"]][-1] == "voicemail"


def test_our_first_number_and_now_are_meant_where_nothing_else_is_said(published: Run) -> None:
    assert published("explain", "--from", "withheld", "--json").data["called"]["did"] == "central"


@pytest.mark.parametrize(
    "words, reason",
    [
        (["--from", "nobody"], "'nobody' is no telephone number"),
        (["--from", "withheld", "--to", "centrale"], "our own numbers: central, sales, camps"),
        (["--from", "withheld", "--at", "noon"], '"noon" is no date and time; write "2026-11-24 10:00"'),
        (["--from", "withheld", "--at", "0001-01-01"], "1 is no year of ours"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(published: Run, words: list[str], reason: str) -> None:
    assert reason in refused(published("explain", *words))


# --- directory, tokens, phones ---


def test_an_import_tells_what_it_did_and_what_was_odd(published: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("name,numbers,category\nAnne Lambert,0471000201,parent\nBob,,\nEls,0471000299,\n")
    assert well(published("directory", "import", "odd.csv", "--add")) == (
        "Contacts: 1 added, 0 changed, 0 removed, 9 unchanged. Problems in the file: 1.\n"
        "Added:\n"
        "  Els, +32471000299\n"
        "Problems:\n"
        "  row 3: left out: it has no telephone number\n"
        "The directory now has 10 contacts.\n"
    )
    told = well(published("directory", "import", "odd.csv"))
    assert told.startswith("Contacts: 0 added, 1 changed, 8 removed, 1 unchanged. Problems in the file: 1.\nChanged:\n")
    assert "  Anne Lambert: unit patro-jumet -> nothing; language fr -> nothing; note même numéro" in told
    assert told.endswith("The directory now has 2 contacts.\n")


def test_a_dry_run_changes_nothing(published: Run, tmp_path: Path) -> None:
    rows = "".join(f"Personne {number},+324710003{number:02},federation,\n" for number in range(25))
    (tmp_path / "new.csv").write_text("name,numbers,unit,category\n" + rows)
    before = well(published("directory", "export"))
    told = well(published("directory", "import", "new.csv", "--dry-run"))
    assert "  Personne 19, +32471000319 (federation)\n  … and 5 more; --all shows them\nRemoved:\n" in told
    assert told.endswith("Nothing was changed; the directory would have 25 contacts.\n")
    assert "Personne 24" in well(published("directory", "import", "new.csv", "--dry-run", "--all"))
    data = published("directory", "import", "new.csv", "--dry-run", "--json").data
    assert (data["dry_run"], data["contacts"], len(data["added"]), len(data["removed"])) == (True, 25, 25, 9)
    assert data["added"][0] == {
        "name": "Personne 0",
        "numbers": ["+32471000300"],
        "unit": "federation",
        "category": None,
        "language": None,
        "note": "",
    }
    assert well(published("directory", "export")) == before


@pytest.mark.parametrize("words", [[], ["--vcard"]])
def test_an_export_imports_again_without_a_change(published: Run, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "exported").write_text(well(published("directory", "export", *words)))
    told = well(published("directory", "import", "exported"))
    assert told.startswith("Contacts: 0 added, 0 changed, 0 removed, 9 unchanged. Problems in the file: 0.\n")


def test_an_import_that_cannot_be_read_is_refused(published: Run, run: Run) -> None:
    assert "the first row must name the columns" in refused(published("directory", "import", PLAN_FILE))
    (Path("cut.vcf")).write_text("BEGIN:VCARD\nFN:Anne\n")
    assert "has no END:VCARD" in refused(published("directory", "import", "cut.vcf", "--dry-run"))
    assert "No such file" in refused(published("directory", "import", "nothing.csv"))
    assert "Is a directory" in refused(published("directory", "import", "."))


def test_an_import_needs_a_plan(run: Run) -> None:
    assert "apply a plan first" in refused(run("directory", "import", CONTACTS_FILE))


def test_a_token_is_shown_alone_on_its_line(run: Run) -> None:
    tokens = {well(run("token", "create", "claire", "--days", "30")), well(run("token", "create", "claire"))}
    assert len(tokens) == 2
    assert all(token.startswith("aig_") and token.count("\n") == 1 for token in tokens)
    for days in ("-1", "9999999"):
        assert run("token", "create", "claire", "--days", days).status == 2


def test_a_phones_account_stays_the_same(published: Run) -> None:
    phones = published("phone", "show", "--json").data["phones"]
    assert [phone["endpoint"] for phone in phones] == ["claire", "marc", "sophie", "tom"]
    assert phones[0].keys() == {"owner", "server", "endpoint", "password"}
    line = f"Claire Dubois, desk: server 127.0.0.1:5060, user claire, password {phones[0]['password']}\n"
    assert well(published("phone", "show")).startswith(line)


def test_before_publication_there_are_no_phones(run: Run) -> None:
    assert "no plan has been published yet" in refused(run("phone", "show"))


# --- settings ---


@pytest.mark.parametrize(
    "name, value",
    [
        ("AIGUILLAGE_HTTP_PORT", "0"),
        ("AIGUILLAGE_SIP_PORT", "five thousand"),
        ("AIGUILLAGE_LOG_LEVEL", "chatty"),
        ("AIGUILLAGE_SIMULATION", "perhaps"),
        ("AIGUILLAGE_WEBHOOKS_MAY_REACH", "10.0.0.0/8, intranet"),
        ("AIGUILLAGE_WEBHOOKS_MAY_REACH", "10.1.2.3/8"),
        ("AIGUILLAGE_DATABASE_URL", "mysql://127.0.0.1/x"),
        ("AIGUILLAGE_DATABASE_URL", "hush-hush"),
    ],
)
def test_a_bad_setting_is_named(fresh: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    reason = refused(fresh("migrate"))
    assert name in reason
    assert "hush-hush" not in reason


def test_settings_that_do_not_go_together_are_named(fresh: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUILLAGE_SIMULATION", "true")
    assert "simulation needs simulator_secret" in refused(fresh("migrate"))


def test_a_state_folder_that_cannot_be_made_is_named(fresh: Run, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a folder")
    assert "AIGUILLAGE_STATE_DIR" in refused(fresh("migrate"))


def test_a_server_that_does_not_answer_is_told_without_its_password(
    fresh: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGUILLAGE_DATABASE_URL", "postgresql://aiguillage:hush-hush@127.0.0.1:1/x")
    for words in (["migrate"], ["plan", "export"]):
        reason = refused(fresh(*words))
        assert "does not answer" in reason
        assert "hush-hush" not in reason
