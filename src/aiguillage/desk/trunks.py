"""Tell when an operator does not answer any more, and when it answers again.

Only one that has answered before can go down: some operators take calls and ignore what Asterisk asks.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog

from aiguillage.asterisk import trunks
from aiguillage.asterisk.manager import Manager
from aiguillage.asterisk.trunks import TrunkStatus
from aiguillage.desk.journalling import Journalling
from aiguillage.errors import AsteriskUnavailable
from aiguillage.store.webhooks import Happening

log = structlog.get_logger()


class Trunks:
    """Owned by the event loop. `now` is aware throughout."""

    def __init__(self, journalling: Journalling) -> None:
        self._journalling = journalling
        self._answering: dict[str, bool] = {}

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
        before = self._answering.get(status.trunk)
        if status.answers:
            self._answering[status.trunk] = True
            if before is False:
                log.info("trunk_up", trunk=status.trunk)
                self._journalling.tell(Happening(now, "trunk.up", {"trunk": status.trunk}))
        elif before:
            self._answering[status.trunk] = False
            log.warning("trunk_down", trunk=status.trunk)
            self._journalling.tell(Happening(now, "trunk.down", {"trunk": status.trunk}))
