"""Asterisk boots from the hand-written configuration and the generated files, and takes up what is published later."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiguillage.asterisk.process import PrivateAsterisk
from aiguillage.asterisk.provisioning.write import write
from aiguillage.errors import AsteriskUnavailable, Refused
from aiguillage.routing.plan import Person, Phone
from aiguillage.simulator.telephones import Telephones
from tests.asterisk.private import Stage, a_home, example_plan, example_site, files_of, stage
from tests.required import asterisk_root

PHONES = {"claire", "marc", "sophie", "tom"}


@pytest.fixture(scope="module")
def fresh() -> Iterator[Stage]:
    """An Asterisk that has seen no calls yet."""
    with stage(asterisk_root()) as running:
        yield running


@pytest.fixture
def home() -> Iterator[Path]:
    with a_home() as folder:
        yield folder


def endpoints(asterisk: PrivateAsterisk) -> set[str]:
    return {*re.findall(r"Endpoint:  ([a-z]+)[/ ]", asterisk.console("pjsip show endpoints"))}


def test_it_boots_without_a_warning_and_knows_exactly_the_plans_lines(fresh: Stage) -> None:
    assert fresh.asterisk.problems() == []
    assert endpoints(fresh.asterisk) == PHONES | {"operator", "simulator"}


def test_it_runs_as_an_ordinary_user_and_without_its_web_server(fresh: Stage) -> None:
    process = fresh.asterisk._process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    assert re.search(r"^Uid:\t0\t", status, re.MULTILINE) is None
    assert "Server Disabled" in fresh.asterisk.console("http show status")


def test_boxes_and_the_last_resort_are_there(fresh: Stage) -> None:
    boxes = fresh.asterisk.console("voicemail show users")
    assert re.search(r"^boxes +reception +Messagerie de l'acc", boxes, re.MULTILINE)
    assert re.search(r"^people +claire +Claire Dubois", boxes, re.MULTILINE)
    assert "Goto(steps,s,1)" in fresh.asterisk.console("dialplan show last-resort")


async def test_a_plan_that_is_published_later_is_taken_up(fresh: Stage) -> None:
    nora = Person("nora", "Nora Claes", phones={"desk": Phone("desk", "fixed", endpoint="nora")})
    people = {key: each for key, each in fresh.plan.people.items() if key != "marc"} | {"nora": nora}
    site = replace(fresh.site, passwords={**fresh.site.passwords, "nora": "not-a-secret-nora"})
    async with Telephones(bind=fresh.trunk, server=fresh.sip) as telephones:
        await telephones.register("marc", site.passwords["marc"])
        with pytest.raises(Refused, match="nora"):
            await telephones.register("nora", site.passwords["nora"])

    swap = write(files_of(replace(fresh.plan, people=people), site), fresh.asterisk.etc / "generated")
    assert swap.modules == ["res_pjsip.so", "pbx_config.so"]
    for module in swap.modules:
        fresh.asterisk.console(f"module reload {module}")

    async with Telephones(bind=fresh.trunk, server=fresh.sip) as telephones:
        await telephones.register("nora", site.passwords["nora"])
        with pytest.raises(Refused, match="marc"):
            await telephones.register("marc", site.passwords["marc"])
    assert endpoints(fresh.asterisk) == (PHONES | {"operator", "simulator", "nora"}) - {"marc"}


@pytest.mark.parametrize("missing", ["extensions.conf", "pjsip.conf", "voicemail.conf", "everything"])
def test_it_boots_even_where_a_generated_file_is_missing(home: Path, missing: str) -> None:
    asterisk = PrivateAsterisk(asterisk_root(), home)
    asterisk.lay_out()
    if missing != "everything":
        files = files_of(example_plan("127.0.0.1:5999"), example_site(home, 4999))
        write({name: text for name, text in files.items() if name != missing}, asterisk.etc / "generated")

    with asterisk:
        assert "Goto" in asterisk.console("dialplan show fallback")


def test_a_folder_without_asterisk_is_named(home: Path) -> None:
    asterisk = PrivateAsterisk(home / "nothing", home)
    with pytest.raises(AsteriskUnavailable, match="nothing holds no Asterisk"):
        asterisk.lay_out()


def test_an_asterisk_that_does_not_come_up_tells_its_errors(home: Path) -> None:
    asterisk = PrivateAsterisk(asterisk_root(), home)
    asterisk.lay_out()
    with (asterisk.etc / "modules.conf").open("a") as modules:
        modules.write("require = res_of_nobody.so\n")

    with pytest.raises(AsteriskUnavailable, match=r"(?s)did not start:.*res_of_nobody"):
        asterisk.start()
    with pytest.raises(AsteriskUnavailable, match="does not run"):
        asterisk.console("core show version")


def test_stopped_it_is_gone_and_may_be_stopped_again(home: Path) -> None:
    asterisk = PrivateAsterisk(asterisk_root(), home)
    asterisk.lay_out()
    with asterisk:
        process = asterisk._process
        assert process is not None
    assert process.poll() is not None
    asterisk.stop()


def test_laid_out_anew_generated_files_are_kept(home: Path) -> None:
    asterisk = PrivateAsterisk(asterisk_root(), home)
    asterisk.lay_out()
    write({"pjsip.conf": "kept"}, asterisk.etc / "generated")
    (asterisk.etc / "pjsip.conf").write_text("changed by hand")

    asterisk.lay_out()

    assert (asterisk.etc / "generated/pjsip.conf").read_text() == "kept"
    assert "generated/pjsip.conf" in (asterisk.etc / "pjsip.conf").read_text()
