"""What a test of the command line says and reads."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.unit.examples import EXAMPLES

PLAN_FILE, CONTACTS_FILE = str(EXAMPLES / "plan.yaml"), str(EXAMPLES / "directory.csv")


@dataclass(frozen=True)
class Outcome:
    status: int
    said: str
    complained: str

    @property
    def data(self) -> Any:
        return json.loads(self.said)


Run = Callable[..., Outcome]


def well(outcome: Outcome) -> str:
    assert (outcome.status, outcome.complained) == (0, "")
    return outcome.said


def refused(outcome: Outcome) -> str:
    """The reason, which stands on standard error and is no traceback."""
    assert outcome.status == 1
    assert outcome.said == ""
    assert outcome.complained.startswith("aiguillage: ")
    assert "Traceback" not in outcome.complained
    return outcome.complained
