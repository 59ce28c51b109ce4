"""People's live state. It is no part of the plan and applies to the next call at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiguillage.routing.numbers import E164


@dataclass(frozen=True, slots=True)
class Presence:
    """`until` (aware) ends the state by itself; None lasts. `forward_to` goes with `forwarded` only."""

    state: Literal["available", "do not disturb", "away", "forwarded"]
    until: datetime | None = None
    forward_to: E164 | None = None

    def __post_init__(self) -> None:
        if (self.state == "forwarded") != (self.forward_to is not None):
            raise ValueError(f"{self.state} with forward_to={self.forward_to}: a number goes with forwarded, always")


AVAILABLE = Presence("available")

Presences = Mapping[str, Presence]
"""By person's key; who is not in it is available."""


def presence_of(presences: Presences, person: str, now: datetime) -> Presence:
    """What holds for `person` at `now`."""
    found = presences.get(person, AVAILABLE)
    return AVAILABLE if found.until is not None and found.until <= now else found
