"""The members of Asterisk's queues over the manager interface: pause them, let them rest, read who did not answer.

Names as asterisk/provisioning/files.py writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiguillage.asterisk.manager import Manager


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """`queue` rang `member`, a person's key, who did not take the call."""

    queue: str
    member: str


def not_answered(message: Mapping[str, str]) -> NotAnswered | None:
    """What an event AgentRingNoAnswer says; None for any other."""
    interface = message.get("Interface", "")
    if message.get("Event") != "AgentRingNoAnswer" or not interface.startswith("Local/"):
        return None
    return NotAnswered(message.get("Queue", ""), interface.removeprefix("Local/").partition("@")[0])


@dataclass(frozen=True, slots=True)
class CallersWaiting:
    """So many callers wait in `queue` at this moment."""

    queue: str
    callers: int


def callers_waiting(message: Mapping[str, str]) -> CallersWaiting | None:
    """What an event QueueCallerJoin or QueueCallerLeave says; None for any other."""
    count = message.get("Count", "")
    if message.get("Event") not in {"QueueCallerJoin", "QueueCallerLeave"} or not count.isdecimal():
        return None
    return CallersWaiting(message.get("Queue", ""), int(count))


async def waiting_now(manager: Manager, queue: str) -> int:
    """How many callers wait in it. Raises AsteriskUnavailable."""
    told = (await manager.action("Getvar", Variable=f"QUEUE_WAITING_COUNT({queue})")).get("Value", "")
    return int(told) if told.isdecimal() else 0


async def pause(manager: Manager, queue: str, member: str, *, paused: bool, reason: str) -> None:
    """The queue offers a paused member no call. Raises AsteriskUnavailable, also for a member that is not there."""
    interface = f"Local/{member}@member/n"
    await manager.action(
        "QueuePause", Queue=queue, Interface=interface, Paused="true" if paused else "false", Reason=reason
    )


async def forward(manager: Manager, member: str, phones: str) -> None:
    """Calls of all queues ring `phones`, as Dial() has them, in place of the member's own; empty: no longer.

    Raises AsteriskUnavailable.
    """
    await manager.action("DBPut", Family="forward", Key=member, Val=phones)


async def rest(manager: Manager, member: str, *, resting: bool) -> None:
    """A resting member looks busy to all queues. Raises AsteriskUnavailable."""
    await _set_state(manager, f"Custom:rest-{member}", in_use=resting)


async def gsm_is_free(manager: Manager, member: str) -> None:
    """For after a restart, when a state was kept of a call that is no more. Raises AsteriskUnavailable."""
    await _set_state(manager, f"Custom:gsm-{member}", in_use=False)


async def calls_in_progress(manager: Manager) -> int:
    """How many calls Asterisk has now. Raises AsteriskUnavailable."""
    status = await manager.action("CoreStatus")
    told = status.get("CoreCurrentCalls", "")
    return int(told) if told.isdecimal() else 0


async def _set_state(manager: Manager, device: str, *, in_use: bool) -> None:
    value = "INUSE" if in_use else "NOT_INUSE"
    await manager.action("Setvar", Variable=f"DEVICE_STATE({device})", Value=value)
