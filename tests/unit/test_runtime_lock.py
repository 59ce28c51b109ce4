"""The image of the service holds what it needs to run, as it is locked, and nothing of what only tests need."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOCK = (CHECKOUT / "requirements.lock").read_text("utf-8")
RUNTIME = runpy.run_path(str(CHECKOUT / "docker/service/runtime-lock"))["runtime"]
ASKED = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))


def names(lines: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)", lines, re.MULTILINE))


def of(requirements: list[str]) -> set[str]:
    return set().union(*(names(each) for each in requirements))


def test_what_the_project_asks_for_is_there_and_what_tests_ask_for_is_not() -> None:
    found = names(RUNTIME(LOCK))
    assert of(ASKED["project"]["dependencies"]) <= found
    assert not of(ASKED["dependency-groups"]["dev"]) & found


def test_what_is_asked_for_by_what_is_asked_for_is_there_as_it_is_locked() -> None:
    found = RUNTIME(LOCK)
    assert {"starlette", "pydantic-core", "psycopg-binary", "argon2-cffi-bindings"} <= names(found)
    assert all(block in LOCK for block in re.split(r"^(?=[a-z0-9])", found, flags=re.MULTILINE))


def test_a_lock_that_does_not_say_who_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="made without annotations"):
        RUNTIME(re.sub(r"^    # .*\n", "", LOCK, flags=re.MULTILINE))
