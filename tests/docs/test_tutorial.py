"""The tutorials are run as they stand: their commands, their edits of the plan, and what they say is printed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiguillage import text_formats
from tests.calls.system import System
from tests.required import asterisk_root

CHECKOUT = Path(__file__).resolve().parents[2]
TUTORIALS = ("tutorial.md", "rest-tutorial.md")
WRITTEN_FOR = 2027
ANYTHING = "…"
_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    line: str
    prints: tuple[str, ...]


def read(text: str) -> list[Command | dict[str, Any]]:
    """Commands and edits, in their order."""
    found: list[Command | dict[str, Any]] = []
    for kind, block in _BLOCK.findall(text):
        if kind == "yaml":
            found.append(text_formats.read_yaml(block))
            continue
        for part in block.split("\n$ ") if block.startswith("$ ") else ():
            line, *prints = part.removeprefix("$ ").strip("\n").split("\n")
            found.append(Command(line, tuple(prints)))
    return found


@pytest.fixture
def demo() -> Iterator[System]:
    with System(asterisk_root(), more=None) as system:
        yield system


@pytest.fixture
def shell(demo: System, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell in a copy of the checkout's tools, whose command line is that of the demo."""
    shutil.copytree(CHECKOUT / "tools", tmp_path / "tools")
    for file in ("Makefile", "requirements.lock"):
        shutil.copy(CHECKOUT / file, tmp_path)
    (tmp_path / "tools/aiguillage").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aiguillage "$@"\n')
    shell = subprocess.Popen(
        ["sh", "-e"],
        env=demo.environment() | {"MAKEFLAGS": "--no-print-directory -s"},
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield shell
    shell.kill()
    shell.communicate()


def run(shell: subprocess.Popen[str], line: str) -> list[str]:
    """What it prints, without empty lines. A command that fails ends the shell, and the test."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{line}\necho the-end-of-$?\n")
    shell.stdin.flush()
    printed: list[str] = []
    for said in shell.stdout:
        if said == "the-end-of-0\n":
            return printed
        if said.strip():
            printed.append(said.rstrip("\n"))
    raise AssertionError(f"{line} failed:\n" + "\n".join(printed))


def edit(file: Path, change: dict[str, Any]) -> None:
    """As the reader does with an editor: what is new is added, a list is replaced; the first line stays."""

    def merge(into: dict[str, Any], what: dict[str, Any]) -> None:
        for key, value in what.items():
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                merge(into[key], value)
            else:
                into[key] = value

    text = file.read_text("utf-8")
    document: dict[str, Any] = text_formats.read_yaml(text)
    merge(document, change)
    file.write_text(text.split("\n")[0] + "\n" + text_formats.write_yaml(document), "utf-8")


def missing(expected: tuple[str, ...], printed: list[str]) -> str | None:
    """The first expected line that does not come where it should; a line of … stands for any number of lines."""
    at, jump = 0, False
    for line in expected:
        if line == ANYTHING:
            jump = True
            continue
        if not line:
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.split(ANYTHING)))
        fits = [
            i for i in range(at, len(printed) if jump else min(at + 1, len(printed))) if pattern.fullmatch(printed[i])
        ]
        if not fits:
            return line
        at, jump = fits[0] + 1, False
    return None if jump or at == len(printed) else f"nothing more, but came: {printed[at]}"


def in_july_to_come(text: str) -> tuple[str, bool]:
    """The tutorial for a July that is wholly ahead, and whether it is the one that its words are about."""
    now = datetime.now(UTC)
    year = now.year if (now.month, now.day) < (6, 25) else now.year + 1
    return text.replace(str(WRITTEN_FOR), str(year)), year == WRITTEN_FOR


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorial(shell: subprocess.Popen[str], tmp_path: Path, name: str) -> None:
    text, as_written = in_july_to_come((CHECKOUT / "docs" / name).read_text("utf-8"))
    steps = read(text)
    assert len([step for step in steps if isinstance(step, Command)]) >= 10
    for step in steps:
        if isinstance(step, dict):
            edit(tmp_path / "my-plan.yaml", step)
            continue
        printed = run(shell, step.line)
        expected = step.prints
        if not as_written:  # in another year weekdays and holidays fall otherwise: what names no date is compared
            expected = tuple(part for line in step.prints if not re.search(r"\d", line) for part in (ANYTHING, line))
            expected += (ANYTHING,)
        lacks = missing(expected, printed)
        assert lacks is None, f"{step.line}\nexpected: {lacks}\nprinted:\n" + "\n".join(printed)


def test_a_tutorial_that_says_otherwise_would_be_found() -> None:
    printed = ["one", "two 2", "three"]
    assert missing(("one", "two …", "three"), printed) is None
    assert missing(("one", "…"), printed) is None
    assert missing(("…", "three"), printed) is None
    assert missing(("one", "three"), printed) == "three"
    assert missing(("one", "two 3", "three"), printed) == "two 3"
    assert missing(("…", "three", "four"), printed) == "four"
    assert missing(("one",), printed) == "nothing more, but came: two 2"
