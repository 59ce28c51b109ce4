"""What the proof finds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiguillage.routing.notes import Note
from aiguillage.routing.numbers import E164

Severity = Literal["error", "warning"]

ErrorName = Literal["no-end", "loop", "cannot-be-dialled", "nobody-to-ring", "rings-too-long"]
WarningName = Literal[
    "route-never-matches",
    "schedule-never-opens",
    "mandate-expires",
    "nobody-answers-for-unit",
    "rung-outside-hours",
    "holiday-not-covered",
    "too-few-channels",
    "prompt-missing",
    "no-phone",
]


@dataclass(frozen=True, slots=True)
class ExampleCall:
    """A call that shows the problem; `explain` says of it what the proof has seen.

    `caller` is somebody of the directory where one is of that kind, else an invented number. `category` and `unit` are
    plan keys. `at` is UTC.
    """

    caller: E164 | None
    called: E164
    did: str | None
    at: datetime
    category: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` reads like `inbound_routes[3].steps[0].ring`. `example` is None where no call can come there."""

    name: ErrorName | WarningName
    severity: Severity
    path: str
    message: Note
    remedy: Note
    example: ExampleCall | None


def error(name: ErrorName, path: str, message: Note, remedy: Note, example: ExampleCall | None) -> Problem:
    return Problem(name, "error", path, message, remedy, example)


def warning(name: WarningName, path: str, message: Note, remedy: Note, example: ExampleCall | None) -> Problem:
    return Problem(name, "warning", path, message, remedy, example)
