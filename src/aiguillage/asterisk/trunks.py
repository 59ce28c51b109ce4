"""Whether operators answer: Asterisk asks each with OPTIONS once a minute, through an endpoint that only watches.

The trunk's own endpoint is not asked through: Asterisk places no call to one that it holds for unreachable, not even to
112, and an operator that ignores OPTIONS but takes calls would be lost. A watching endpoint changes no call.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiguillage.asterisk.manager import Lister, Manager
from aiguillage.errors import AsteriskRefused

WATCH = "watch_"
"""Before a trunk's key: the endpoint that watches it. No key holds `_`."""
_ANSWERS = {"Reachable": True, "Unreachable": False}


@dataclass(frozen=True, slots=True)
class TrunkStatus:
    """Whether the operator of `trunk`, a plan key, answers. Any answer will do, a refusal too."""

    trunk: str
    answers: bool


def heard(message: Mapping[str, str]) -> TrunkStatus | None:
    """What an event ContactStatus says, which Asterisk sends when it changes; None for any other."""
    endpoint, answers = message.get("EndpointName", ""), _ANSWERS.get(message.get("ContactStatus", ""))
    if message.get("Event") != "ContactStatus" or not endpoint.startswith(WATCH) or answers is None:
        return None
    return TrunkStatus(endpoint.removeprefix(WATCH), answers)


async def answers(manager: Manager, trunk: str) -> bool:
    """At this moment; False also in the first minute of Asterisk, before it has asked. Raises AsteriskUnavailable."""
    status = await manager.action("Getvar", Variable=f"DEVICE_STATE(PJSIP/{WATCH}{trunk})")
    return status.get("Value") == "NOT_INUSE"


async def registrations(manager: Lister) -> Mapping[str, str]:
    """What Asterisk says of each trunk that registers: `Registered`, `Rejected` (it tries again) or `Unregistered`.

    Raises AsteriskUnavailable.
    """
    try:
        listed = await manager.listed("PJSIPShowRegistrationsOutbound")
    except AsteriskRefused:
        return {}  # its way to say that there are none
    return {each["ObjectName"]: each.get("Status", "") for each in listed if "ObjectName" in each and "Status" in each}
