"""Prove a plan: say what would go wrong with calls, before they follow it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aiguillage.desk.wording import Words
from aiguillage.errors import AiguillageError
from aiguillage.routing import hours
from aiguillage.routing.check import LONGEST_RINGING, ExampleCall, Problem, check
from aiguillage.routing.directory import NOBODY_KNOWN, Directory, directory_of
from aiguillage.routing.plan import Plan
from aiguillage.store import directory as stored_directory
from aiguillage.store.database import Database

HORIZON = timedelta(days=366)


def prove(
    database: Database | None, plan: Plan, now: datetime, longest_ringing: int = LONGEST_RINGING
) -> tuple[Problem, ...]:
    """All problems of the twelve months from `now` (aware), errors first.

    Where there are any, and a directory is at hand, the examples are calls by people of it.
    """
    problems = check(plan, now, now + HORIZON, NOBODY_KNOWN, longest_ringing)
    if problems and database is not None:
        problems = check(plan, now, now + HORIZON, _directory(database), longest_ringing)
    return problems


def _directory(database: Database) -> Directory:
    """A plan can be proved without any: then callers are invented."""
    try:
        with database.reading() as session:
            return directory_of(stored_directory.all_contacts(session))
    except AiguillageError:
        return NOBODY_KNOWN


def in_words(words: Words, plan: Plan, problems: Sequence[Problem]) -> Iterator[str]:
    """Each problem in three lines: what, for example, and what to do."""
    for problem in problems:
        kind = words("ERROR") if problem.severity == "error" else words("warning")
        yield f"{kind} {problem.path}"
        yield f"  {_sentence(words.say(problem.message))}"
        if problem.example is not None:
            yield words("  For example: {call}", call=example_in_words(words, plan, problem.example))
        yield words("  Remedy: {remedy}", remedy=problem.remedy)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def example_in_words(words: Words, plan: Plan, example: ExampleCall) -> str:
    """`+32471000201 (Président local, Patro …) to central on Sat 28 Nov 2026 at 16:12`."""
    category, unit = plan.categories.get(example.category or ""), plan.units.get(example.unit or "")
    facts = ", ".join(thing.name for thing in (category, unit) if thing)
    caller = example.caller or words("a withheld number")
    at = example.at.astimezone(hours.zone(plan))
    return words(
        "{caller} to {called} on {moment}",
        caller=f"{caller} ({facts})" if facts else caller,
        called=example.did or example.called,
        moment=words.moment(at),
    )


def as_data(plan: Plan, problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """JSON data; texts in English."""
    return [
        {
            "name": problem.name,
            "severity": problem.severity,
            "path": problem.path,
            "message": str(problem.message),
            "remedy": str(problem.remedy),
            "example": _example_as_data(plan, problem.example) if problem.example else None,
        }
        for problem in problems
    ]


def _example_as_data(plan: Plan, example: ExampleCall) -> Mapping[str, Any]:
    return {
        "from": example.caller,
        "to": example.called,
        "did": example.did,
        "at": example.at.astimezone(hours.zone(plan)).isoformat(),
        "category": example.category,
        "unit": example.unit,
    }
