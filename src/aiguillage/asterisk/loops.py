"""Calls of ours that came back, because a GSM that we ring is forwarded to us: the dialplan has cut them ([loop])."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CameBack:
    """`by` is what gave it away: `diversion`, or `caller`. `number`, as the operator writes it, or its last digits."""

    by: str
    number: str


def came_back(message: Mapping[str, str]) -> CameBack | None:
    """What a UserEvent says; None for any other event."""
    if message.get("UserEvent") != "AiguillageLoop":
        return None
    return CameBack(message.get("By", ""), message.get("Number", ""))
