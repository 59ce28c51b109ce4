"""Versions: proved, published, compared, brought back; and what two administrators at once are told."""

from pathlib import Path
from typing import Any

import pytest

from aiguillage import text_formats
from tests.cli.commands import PLAN_FILE, Outcome, Run, refused, well

EN = ("--lang", "en")


def edited(run: Run, file: Path, change: Any) -> Path:
    """An export of the draft, changed by `change`; its first line says which draft it was."""
    exported = well(run("plan", "export"))
    document = text_formats.read_yaml(exported)
    change(document)
    file.write_text(exported.partition("\n")[0] + "\n" + text_formats.write_yaml(document))
    return file


def claire_speaks(*languages: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["people"]["claire"]["languages"] = list(languages)

    return change


def without_a_message_box(document: dict[str, Any]) -> None:
    for route in document["inbound_routes"]:
        route["steps"] = [step for step in route["steps"] if "voicemail" not in step] or [{"hangup": "rejected"}]
    document["last_resort"] = {"steps": [{"ring": "group:reception"}]}


def unsound(run: Run, tmp_path: Path) -> Outcome:
    well(run("plan", "apply", str(edited(run, tmp_path / "hole.yaml", without_a_message_box))))
    return run("plan", "publish", *EN)


def test_a_plan_that_loses_calls_is_not_published(published: Run, tmp_path: Path) -> None:
    found = unsound(published, tmp_path)
    assert found.status == 1
    assert "the draft was not published: " in found.complained
    assert "Remedy: end the last resort with a message box" in found.said
    assert "For example: " in found.said
    assert "version 2" not in well(published("plan", "versions"))
    checked = published("plan", "check", *EN)
    assert (checked.status, "a good plan" in checked.said) == (1, False)
    assert well(published("plan", "check", "live", *EN)).count("Remedy: ") == 3


def test_problems_for_programs(published: Run, tmp_path: Path) -> None:
    unsound(published, tmp_path)
    data = published("plan", "check", "--json").data
    assert data["ok"] is False
    (worst, *_) = [problem for problem in data["problems"] if problem["severity"] == "error"]
    assert worst["name"] == "no-end"
    assert worst["path"]
    assert {"from", "to", "at"} <= set(worst["example"])


def test_versions_are_listed_shown_and_brought_back(published: Run, tmp_path: Path) -> None:
    well(published("plan", "apply", str(edited(published, tmp_path / "a.yaml", claire_speaks("nl")))))
    well(published("plan", "publish", "--comment", "Claire in Dutch"))
    newest, oldest = published("plan", "versions", "--json").data["versions"]
    assert (newest["number"], newest["comment"], oldest["number"], oldest["comment"]) == (
        2,
        "Claire in Dutch",
        1,
        "the first",
    )
    assert newest["checksum"] != oldest["checksum"]

    def languages(*name: str) -> Any:
        return published("plan", "show", *name, "--json").data["people"]["claire"]["languages"]

    assert (languages("1"), languages("2"), languages()) == (["fr", "nl"], ["nl"], ["nl"])
    assert "Calls still follow the published plan" in well(published("plan", "restore", "1"))
    assert languages("draft") == ["fr", "nl"]
    assert languages("live") == ["nl"]
    assert "Published as version 3" in well(published("plan", "publish"))
    assert published("plan", "versions", "--json").data["versions"][0]["checksum"] == oldest["checksum"]
    assert well(published("plan", "diff", "1", "3", *EN)) == "Nothing differs.\n"


@pytest.mark.parametrize(
    "name, reason",
    [("7", "there is no version 7"), ("draft", "the draft is the draft already"), ("abcdef0123", "is no version")],
)
def test_what_is_no_version_cannot_be_brought_back(published: Run, name: str, reason: str) -> None:
    assert reason in refused(published("plan", "restore", name))


def test_the_second_of_two_writers_is_told_what_changed_and_nothing_is_lost(published: Run, tmp_path: Path) -> None:
    mine = edited(published, tmp_path / "mine.yaml", claire_speaks("de"))
    theirs = edited(published, tmp_path / "theirs.yaml", claire_speaks("nl"))
    well(published("plan", "apply", str(theirs)))
    reason = refused(published("plan", "apply", str(mine)))
    assert "the draft was changed meanwhile; read it again and repeat your change on it. It has:" in reason
    assert "people.claire.languages" in reason
    assert published("plan", "show", "draft", "--json").data["people"]["claire"]["languages"] == ["nl"]

    mine.write_text(mine.read_text().partition("\n")[2])  # without its first line it replaces whatever is there
    well(published("plan", "apply", str(mine)))
    (latest, *_) = published("plan", "versions", "--json").data["replaced_drafts"]
    kept = published("plan", "show", latest["revision"], "--json").data
    assert kept["people"]["claire"]["languages"] == ["nl"], "theirs was replaced on purpose, and can be brought back"
    well(published("plan", "restore", latest["revision"][:12]))
    assert published("plan", "show", "draft", "--json").data == kept


def test_a_difference_is_told_as_settings_and_as_calls(published: Run, tmp_path: Path) -> None:
    def marc_before_claire(document: dict[str, Any]) -> None:
        document["units"]["hainaut"]["mandates"] = [{"person": "marc"}]

    well(published("plan", "apply", str(edited(published, tmp_path / "a.yaml", marc_before_claire))))
    said = well(published("plan", "diff", *EN))
    assert "units.hainaut.mandates" in said
    assert "Président local and Animateur of Régionale du Hainaut, to central" in said
    assert "becomes Marc Lejeune (desk and gsm)" in said
    assert "was Claire Dubois" in said
    assert len(said.splitlines()) < 30
    data = published("plan", "diff", "live", "draft", "--json").data
    assert {"settings", "calls"} <= set(data)
    assert "était" in well(published("plan", "diff")) or "avant" in well(published("plan", "diff"))


def test_a_file_is_compared_like_any_plan(published: Run) -> None:
    assert well(published("plan", "diff", "live", PLAN_FILE, *EN)) == "Nothing differs.\n"
    assert "No such file" in refused(published("plan", "diff", "live", "nothing.yaml"))


def test_publishing_the_same_again_is_a_version_too(published: Run) -> None:
    assert "Published as version 2" in well(published("plan", "publish", "--comment", "again"))
    assert well(published("plan", "diff", "1", "2", *EN)) == "Nothing differs.\n"
