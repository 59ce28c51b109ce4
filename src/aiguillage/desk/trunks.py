"""Tell when an operator does not answer any more, or does not let us register, and when it is well again.

Only one that has answered before can go down by its silence: some operators take calls and ignore what Asterisk asks.
One that we register with is down as long as it does not let us.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog

from aiguillage.asterisk import trunks
from aiguillage.asterisk.manager import Lister, Manager
from aiguillage.asterisk.trunks import TrunkStatus
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.parts import Health
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Plan, Trunk
from aiguillage.store.webhooks import Happening

log = structlog.get_logger()

LOOK_EVERY = 5.0
"""Seconds between two looks at who has registered."""
PATIENCE = 15.0
"""Seconds in which a trunk that is new may come to be registered; silence is known after seven."""


class Trunks:
    """Owned by the event loop. `now` is aware throughout."""

    def __init__(self, journalling: Journalling) -> None:
        self._journalling = journalling
        self._answering: dict[str, bool] = {}
        self._unregistered: dict[str, str] = {}
        self._down: dict[str, str] = {}
        self._looked: float | None = None
        self._waiting_since: dict[str, float] = {}

    @property
    def health(self) -> Health:
        """/readyz: each operator that is down, and why."""
        if self._down:
            return Health(ok=False, reason="; ".join(f"trunk {each}: {why}" for each, why in self._down.items()))
        return Health(ok=True, reason="no operator is known to be down")

    @property
    def answering(self) -> Mapping[str, bool]:
        """By trunk; one that has not answered yet is not in it."""
        return self._answering

    async def look(self, manager: Manager, keys: Iterable[str], now: datetime) -> None:
        """After a login: who answers already is told by no event."""
        try:
            for trunk in keys:
                if await trunks.answers(manager, trunk):
                    self.heard(TrunkStatus(trunk, answers=True), now)
        except AsteriskUnavailable as wrong:
            log.warning("trunks_not_known", error=str(wrong))

    def heard(self, status: TrunkStatus, now: datetime) -> None:
        if status.answers or status.trunk in self._answering:
            self._answering[status.trunk] = status.answers
            self._weigh(status.trunk, now)

    async def follow(self, manager: Lister, plan: Plan, now: datetime) -> None:
        """Again and again: who has let us register."""
        if self._looked is not None and time.monotonic() < self._looked + LOOK_EVERY:
            return
        self._looked = time.monotonic()
        registering = [trunk for trunk in plan.trunks.values() if trunk.registers_as is not None]
        try:
            found = await trunks.registrations(manager) if registering else {}
        except AsteriskUnavailable:
            return  # told by the link
        wrong = {trunk.key: why for trunk in registering if (why := self._why(trunk, found.get(trunk.key)))}
        before, self._unregistered = self._unregistered, wrong
        for gone in self._answering.keys() - plan.trunks.keys():
            del self._answering[gone]
        for trunk in [*before.keys() | wrong.keys() | (self._down.keys() - plan.trunks.keys())]:
            self._weigh(trunk, now)

    def _why(self, trunk: Trunk, status: str | None) -> str | None:
        """What is wrong with its registration; None where it is well, or may still become so."""
        if status == "Registered":
            self._waiting_since.pop(trunk.key, None)
            return None
        waiting = time.monotonic() - self._waiting_since.setdefault(trunk.key, time.monotonic())
        if status is None:
            password = f"has it a password? aiguillage trunk password {trunk.key}"
            return f"it is not registered as {trunk.registers_as}; {password}" if waiting > PATIENCE else None
        if status == "Rejected" or waiting > PATIENCE:
            return f"{trunk.server} does not let us register as {trunk.registers_as}; it is asked again every minute"
        return None

    def _weigh(self, trunk: str, now: datetime) -> None:
        why = self._unregistered.get(trunk)
        if why is None and self._answering.get(trunk) is False:
            why = "its operator does not answer"
        if why is None and self._down.pop(trunk, None) is not None:
            log.info("trunk_up", trunk=trunk)
            self._journalling.tell(Happening(now, "trunk.up", {"trunk": trunk}))
        elif why is not None:
            if trunk not in self._down:
                log.warning("trunk_down", trunk=trunk, reason=why)
                self._journalling.tell(Happening(now, "trunk.down", {"trunk": trunk}))
            self._down[trunk] = why
