"""The proof: one planted fault of each class is found, with its path, an example call and a remedy."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from aiguillage.errors import DocumentRefused
from aiguillage.routing.check import Problem, check
from aiguillage.routing.directory import Directory
from aiguillage.routing.document import load
from aiguillage.routing.proof.problem import ErrorName, WarningName
from aiguillage.text_formats import read_yaml
from tests.unit.examples import BRUSSELS, DIRECTORY, PLAN, PLAN_TEXT

CHECKOUT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DOCUMENT = read_yaml(PLAN_TEXT)
YEAR = NOW + timedelta(days=366)
Document = dict[str, Any]


def changed(change: Callable[[Document], object]) -> Document:
    document: Document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def proved(document: Document, directory: Directory = DIRECTORY) -> tuple[Problem, ...]:
    return check(load(document), NOW, YEAR, directory)


@dataclass(frozen=True)
class Planted:
    """A change of the example plan, and the problem that it must give: its name, path, and words of its sentence.

    `called` and `at` begin what the example call says, where it matters.
    """

    name: str
    path: str
    says: str
    change: Callable[[Document], object]
    called: str | None = ""
    at: str = ""


def route(name: str, *steps: Document, **conditions: Any) -> Document:
    return {"name": name, **conditions, "steps": list(steps)}


def first(document: Document, *routes: Document) -> Document:
    document["inbound_routes"][:0] = routes
    return document


BOX = {"voicemail": "reception"}

ERRORS = [
    Planted(
        "no-end",
        "last_resort.steps",
        "the last resort neither takes a message nor hangs up",
        lambda it: it["last_resort"].update(steps=[{"ring": "group:reception"}]),
    ),
    Planted(
        "no-end",
        "last_resort.steps",
        "ends nowhere",
        lambda it: it["last_resort"].update(steps=[{"menu": "main"}]),
    ),
    Planted(
        "loop",
        "menus.main.otherwise",
        "menus go round without a key: main, second then main",
        lambda it: (
            it["menus"]["main"].update(otherwise=[{"menu": "second"}]),
            it["menus"].update(second={**it["menus"]["main"], "otherwise": [{"menu": "main"}]}),
        ),
        "central",
    ),
    Planted(
        "loop",
        "people.marc.phones.gsm.number",
        "+3271000001 is one of our own numbers",
        lambda it: it["people"]["marc"]["phones"]["gsm"].update(number="+3271000001"),
    ),
    Planted(
        "loop",
        "inbound_routes[1].steps[2].dial",
        "+3271000002 is one of our own numbers",
        lambda it: it["inbound_routes"][1]["steps"][2].update(dial="+3271000002"),
        "camps",
    ),
    Planted(
        "cannot-be-dialled",
        "people.claire.phones.gsm.number",
        "+32900123456 cannot be rung: it is among the numbers that are never dialled",
        lambda it: it["people"]["claire"]["phones"]["gsm"].update(number="+32900123456"),
    ),
    Planted(
        "cannot-be-dialled",
        "inbound_routes[1].steps[2].dial",
        "no outbound route takes it",
        lambda it: it["outbound_routes"][1].update(numbers=["+324701*", "+3247000010*", "+3243*"]),
        "camps",
    ),
    Planted(
        "nobody-to-ring",
        "inbound_routes[0].steps[0]",
        "only Zoé Nihoul would be rung, without any phone",
        lambda it: (
            it["people"].update(zoe={"name": "Zoé Nihoul"}),
            first(it, route("zoé", {"ring": "person:zoe"}, BOX, to=["sales"])),
        ),
        "sales",
    ),
    Planted(
        "nobody-to-ring",
        "menus.main.keys.2[0]",
        "only Zoé Nihoul would be rung",
        lambda it: (
            it["people"].update(zoe={"name": "Zoé Nihoul"}),
            it["ring_groups"].update(alone={"name": "Seule", "members": ["zoe"]}),
            it["menus"]["main"]["keys"].update({"2": [{"ring": "group:alone"}]}),
        ),
        "central",
    ),
    Planted(
        "rings-too-long",
        "inbound_routes[0].steps",
        "rings for 200 s without a word; callers wait 180 s",
        lambda it: first(
            it, route("long", {"ring": "group:reception", "for": 120}, {"dial": "+32470000199", "for": 80}, BOX)
        ),
    ),
    Planted(
        "rings-too-long",
        "menus.main.keys.2",
        "rings for 400 s without a word",
        lambda it: it["ring_groups"]["shop"].update({"for": 200}),
        "central",
    ),
]

WARNINGS = [
    Planted(
        "route-never-matches",
        "inbound_routes[8]",
        'route "late": no call is left for it; before it: closed',
        lambda it: it["inbound_routes"].append(route("late", BOX, when="night-duty")),
    ),
    Planted(
        "route-never-matches",
        "inbound_routes[8]",
        "before it: camps, day and night",
        lambda it: (
            it["inbound_routes"].pop(),
            it["inbound_routes"].append(route("closed", BOX)),
            it["inbound_routes"].append(route("again", BOX, to=["camps"], **{"from": {"categories": ["president"]}})),
        ),
        "camps",
    ),
    Planted(
        "route-never-matches",
        "inbound_routes[0]",
        "asks for what no caller can be at once",
        lambda it: first(it, route("odd", BOX, **{"from": {"known": False, "categories": ["parent"]}})),
    ),
    Planted(
        "route-never-matches",
        "inbound_routes[0]",
        "its hours never come (office)",
        lambda it: first(it, route("odd", BOX, when="office", unless="office")),
    ),
    Planted(
        "schedule-never-opens",
        "schedules.past",
        "is never open from 23 November 2026",
        lambda it: (
            it["schedules"].update(past={"open": []}),
            it["inbound_routes"][4].update(when=["office", "past"]),
        ),
        "sales",
    ),
    Planted(
        "mandate-expires",
        "units.hainaut.mandates[0].until",
        "Claire Dubois answers for Régionale du Hainaut until 6 December 2026 only",
        lambda it: it["units"]["hainaut"]["mandates"][0].update(until="2026-12-06"),
        "central",
        "2026-12-07",
    ),
    Planted(
        "nobody-answers-for-unit",
        "units.liege",
        "nobody answers for Régionale de Liège, nor above it; 2 units in all, from 1 March 2027 on",
        lambda it: it["units"]["liege"]["mandates"][0].update(until="2027-02-28"),
        "central",
        "2027-03-01",
    ),
    Planted(
        "rung-outside-hours",
        "inbound_routes[0]",
        'route "nights" rings Tom Peeters only when office leave them out',
        lambda it: (
            it["people"]["tom"].update(reach=[{"ring": ["desk"], "when": "office"}]),
            first(it, route("nights", {"ring": "person:tom"}, BOX, when="night-duty")),
        ),
    ),
    Planted(
        "holiday-not-covered",
        "schedules.night-duty",
        "is open on ",
        lambda it: first(it, route("nights", {"ring": "person:tom"}, BOX, to=["camps"], when="night-duty")),
        "camps",
        "2026-12-25",
    ),
    Planted(
        "too-few-channels",
        "trunks.operator.channels",
        "one step needs 3 channels, with the caller's own; there are 2",
        lambda it: it["trunks"]["operator"].update(channels=2),
    ),
    Planted(
        "prompt-missing",
        "prompts.welcome",
        "is not there in de: fr is heard",
        lambda it: it["prompts"]["welcome"].pop("de"),
        "central",
    ),
    Planted(
        "no-phone",
        "people.zoe",
        "Zoé Nihoul is to be rung, and has no phone",
        lambda it: (
            it["people"].update(zoe={"name": "Zoé Nihoul"}),
            it["ring_groups"]["shop"]["members"].append("zoe"),
        ),
    ),
]


def found(planted: Planted) -> Problem:
    problems = proved(changed(planted.change))
    alike = [problem for problem in problems if problem.name == planted.name and problem.path == planted.path]
    assert alike, [(problem.name, problem.path, str(problem.message)) for problem in problems]
    return alike[0]


def ids(planted: Planted) -> str:
    return f"{planted.name} at {planted.path}"


@pytest.mark.parametrize("planted", [*ERRORS, *WARNINGS], ids=ids)
def test_a_planted_fault_is_found_with_its_path_an_example_and_a_remedy(planted: Planted) -> None:
    problem = found(planted)
    assert problem.severity == ("error" if planted in ERRORS else "warning")
    assert planted.says in str(problem.message)
    assert str(problem.remedy)
    assert problem.example is not None
    assert planted.called in {"", problem.example.did}
    assert problem.example.at.astimezone(BRUSSELS).isoformat().startswith(planted.at)


def test_every_class_of_problem_is_planted_and_documented() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", (CHECKOUT / "docs/proof.md").read_text("utf-8"), re.MULTILINE)
    errors, warnings = get_args(ErrorName), get_args(WarningName)
    assert {planted.name for planted in ERRORS} == set(errors)
    assert {planted.name for planted in WARNINGS} == set(warnings)
    assert documented == [*errors, *warnings]


def test_the_example_plan_has_no_errors_and_these_warnings() -> None:
    assert [(problem.severity, problem.name, problem.path) for problem in check(PLAN, NOW, YEAR, DIRECTORY)] == [
        ("warning", "nobody-answers-for-unit", "units.federation"),
        ("warning", "prompt-missing", "prompts.closed"),
        ("warning", "prompt-missing", "prompts.choices"),
    ]


def test_an_example_is_a_call_by_somebody_of_the_directory_where_one_is_of_that_kind() -> None:
    (problem, *_) = check(PLAN, NOW, YEAR, DIRECTORY)
    assert problem.example is not None
    assert (problem.example.caller, problem.example.unit) == ("+32471000204", "patro-arlon")
    (problem, *_) = check(PLAN, NOW, YEAR)
    assert problem.example is not None
    assert problem.example.caller == "+32499000000"


DOCUMENT_FAULTS = [
    ("inbound_routes[4].steps[0].ring", lambda it: it["inbound_routes"][4]["steps"][0].update(ring="group:shpo")),
    ("inbound_routes[5].name", lambda it: it["inbound_routes"][5].update(name="shop")),
    ("people.tom.extension", lambda it: it["people"]["tom"].update(extension="112")),
    ("people.tom.extension", lambda it: it["people"]["tom"].update(extension="1813")),
    ("people.tom.extension", lambda it: it["people"]["tom"].update(extension="*21")),
    ("people.tom.extension", lambda it: it["people"]["tom"].update(extension="210")),
    ("people.claire.phones.gsm.number", lambda it: it["people"]["claire"]["phones"]["gsm"].update(number="0470")),
    ("units.hainaut.parent", lambda it: it["units"]["hainaut"].update(parent="patro-jumet")),
]


@pytest.mark.parametrize(
    "path, change", DOCUMENT_FAULTS, ids=[f"{n} {path}" for n, (path, _) in enumerate(DOCUMENT_FAULTS)]
)
def test_what_cannot_be_read_is_refused_before_the_proof(path: str, change: Callable[[Document], object]) -> None:
    """Dangling and duplicate names, extensions that shadow an emergency number or a feature code, wrong numbers."""
    with pytest.raises(DocumentRefused) as refused:
        load(changed(change))
    assert path in {fault.path for fault in refused.value.faults}
