import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.published import EXAMPLES

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`aiguillage` in a process of its own, with a state folder of its own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AIGUILLAGE_")}
        return subprocess.run(
            [sys.executable, "-m", "aiguillage", *arguments],
            env=kept | {"AIGUILLAGE_STATE_DIR": str(tmp_path)} | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def published(run: Run) -> Run:
    assert run("migrate").returncode == 0
    assert run("plan", "apply", str(EXAMPLES / "plan.yaml"), "--publish").stdout.endswith("the next call follows it.\n")
    assert "9 contacts" in run("directory", "import", str(EXAMPLES / "directory.csv")).stdout
    return run


def test_explain_says_where_a_call_goes_and_why_it_was_not_another_route(published: Run) -> None:
    told = published("explain", "--from", "0471 00 02 04", "--to", "central", "--at", "2026-11-24 15:30").stdout
    assert "Luc Petit (Président local, Patro Saint-Donat d'Arlon)" in told
    assert "Route: local leaders to their region" in told
    assert "  1. ring Sophie Renard: desk and Tom Peeters: desk, 20 s" in told
    assert "  camps, day and night: is for camps" in told
    assert "responsible: nobody on duty for Centre fédéral de Gilly" in told


def test_explain_gives_programs_one_object(published: Run) -> None:
    answer = published("explain", "--from", "+32471000201", "--at", "2026-11-24 10:00", "--json")
    told = json.loads(answer.stdout)
    assert {"caller", "route", "itinerary", "trace", "plan_version"} <= set(told)
    assert told["route"] == "local leaders to their region"
    assert told["itinerary"][0]["kind"] == "ring"
    leg = told["itinerary"][0]["legs"][0]
    assert (leg["person"], leg["phone"], leg["seconds"]) == ("claire", "desk", 15)
    assert told["plan_version"] == 1


def test_a_withheld_number_can_be_explained(published: Run) -> None:
    told = published("explain", "--from", "withheld", "--at", "2026-11-24 23:00").stdout
    assert told.startswith("Somebody who withholds the number calls Numéro central")
    assert "Route: closed" in told


def test_what_is_exported_can_be_applied(published: Run, tmp_path: Path) -> None:
    exported = tmp_path / "exported.yaml"
    exported.write_text(published("plan", "export").stdout, "utf-8")
    assert published("plan", "check", str(exported)).returncode == 0
    assert published("plan", "apply", str(exported)).returncode == 0
    assert json.loads(published("plan", "export", "--json").stdout)["format"] == 1
    assert "Published as version 2" in published("plan", "publish", "--comment", "again").stdout


def test_every_fault_of_a_plan_is_named_and_nothing_is_changed(published: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        (EXAMPLES / "plan.yaml").read_text("utf-8").replace("group:shop", "group:shoop").replace("12:30", "25:00"),
        "utf-8",
    )
    before = published("plan", "export").stdout
    answer = published("plan", "apply", str(wrong))
    assert answer.returncode == 1
    assert 'inbound_routes[4].steps[0].ring: group "shoop" does not exist; did you mean "shop"?' in answer.stderr
    assert 'schedules.office.open[0].hours: "25:00" is no time of day' in answer.stderr
    assert "nothing was changed" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert published("plan", "export").stdout == before
    faults = json.loads(published("plan", "check", str(wrong), "--json").stdout)
    assert faults["ok"] is False
    assert {"path", "message"} == set(faults["faults"][0])


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (("explain", "--from", "+32471000201"), 1, "run: aiguillage migrate"),
        (("plan", "check", "nowhere.yaml"), 1, "nowhere.yaml: No such file"),
        (("explain",), 2, "--from"),
        (("conjure",), 2, "conjure"),
        (("healthcheck",), 1, "does not answer"),
        (("call", "--from", "withheld"), 1, "AIGUILLAGE_SIMULATION"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_a_line(run: Run, arguments: tuple[str, ...], status: int, said: str) -> None:
    answer = run(*arguments, AIGUILLAGE_AGI_PORT="1")
    assert answer.returncode == status
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize(
    "setting, value",
    [
        ("AIGUILLAGE_HTTP_PORT", "http"),
        ("AIGUILLAGE_SIP_PORT", "0"),
        ("AIGUILLAGE_LOG_FORMAT", "xml"),
        ("AIGUILLAGE_DATABASE_URL", "mysql://x/y"),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(run: Run, setting: str, value: str) -> None:
    answer = run("migrate", **{setting: value})
    assert answer.returncode == 1
    assert setting in answer.stderr
    assert "Traceback" not in answer.stderr


def test_phones_and_tokens_are_shown(published: Run) -> None:
    accounts = json.loads(published("phone", "show", "--json").stdout)["phones"]
    assert [account["endpoint"] for account in accounts] == ["claire", "marc", "sophie", "tom"]
    assert json.loads(published("phone", "show", "--json").stdout)["phones"] == accounts
    assert published("token", "create", "console").stdout.startswith("aig_")


def test_the_doctor_names_what_is_wrong(published: Run) -> None:
    answer = published("doctor", AIGUILLAGE_AGI_PORT="1", AIGUILLAGE_AMI_PORT="1", AIGUILLAGE_SIP_PORT="1")
    assert answer.returncode == 1
    assert "ok   plan: version 1 is published; 9 numbers are known" in answer.stdout
    assert "BAD  service:" in answer.stdout
    assert "BAD  asterisk:" in answer.stdout
    assert answer.stderr == ""


def test_help_can_be_read_by_a_receptionist(run: Run) -> None:
    for arguments in ((), ("plan",), ("explain",)):
        told = run(*arguments, "--help").stdout
        assert told.startswith("\n Usage: aiguillage") or "Usage: aiguillage" in told
