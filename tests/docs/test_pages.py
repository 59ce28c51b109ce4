"""The pages of docs/: no field of the plan document is missing, links lead somewhere, commands are ours."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from aiguillage.cli import app
from aiguillage.routing.document.schema import definitions

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "docs/decisions").glob("*.md")])
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(#[^)\s]+)?\)")
_COMMAND = re.compile(r"^ {4,}(?:tools/)?aiguillage ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", re.MULTILINE)
_TICKED = re.compile(r"`([^`\n]+)`")


def fields(schema: Any) -> Iterator[str]:
    match schema:
        case {"properties": dict(properties)}:
            yield from properties
            for each in properties.values():
                yield from fields(each)
        case dict():
            for each in schema.values():
                yield from fields(each)
        case list():
            for each in schema:
                yield from fields(each)


def test_every_field_of_the_plan_document_is_on_its_page() -> None:
    page = (CHECKOUT / "docs/plan-document.md").read_text("utf-8")
    named = {word for ticked in _TICKED.findall(page) for word in re.findall(r"[a-z_]+", ticked)}
    wanted = set(fields(definitions("#/")))
    assert {"steps", "returning_call", "deputy", "public_holidays"} <= wanted
    assert wanted - named == set()


def test_every_section_has_a_heading() -> None:
    page = (CHECKOUT / "docs/plan-document.md").read_text("utf-8")
    told = ("permissions", "never_dial", "last_resort", "format")
    sections = [each for each in definitions("#/")["Plan"]["properties"] if each not in told]
    assert [each for each in sections if f"\n## {each}\n" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, heading in _LINK.findall(page.read_text("utf-8")):
        place = (page.parent / target).resolve()
        assert place.exists(), target
        if heading and place.suffix == ".md":
            headings = [
                "#" + re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in place.read_text("utf-8").splitlines()
                if line.startswith("#")
            ]
            assert heading in headings, heading


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_ours(page: Path) -> None:
    group: Any = typer.main.get_command(app)
    for words in _COMMAND.findall(page.read_text("utf-8")):
        first, _, second = words.partition(" ")
        assert first in group.commands, words
        if hasattr(group.commands[first], "commands"):
            assert second in group.commands[first].commands, words


def test_the_dashboard_is_one_and_asks_for_our_figures_only() -> None:
    dashboard = json.loads((CHECKOUT / "deploy/grafana/aiguillage.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 10
    assert all(re.search(r"\b(aiguillage|process)_[a-z_]+\{", each) for each in asked)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
