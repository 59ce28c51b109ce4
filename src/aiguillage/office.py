"""What the service does wherever Asterisk is: it delivers webhooks, keeps nothing too long, and looks after nodes."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import structlog

from aiguillage.desk import retaining
from aiguillage.desk.delivering import Delivering
from aiguillage.desk.nodes import Nodes
from aiguillage.desk.parts import Health
from aiguillage.desk.posting import Poster
from aiguillage.desk.receivers import Receivers
from aiguillage.errors import AiguillageError
from aiguillage.settings import Settings
from aiguillage.store.database import Database

log = structlog.get_logger()


class Office:
    """Owned by the event loop. `receivers` are those whom webhooks may be sent to; `nodes`: those that a desk looks at,
    None where Asterisk is beside us."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self.receivers = Receivers(settings.webhook_networks, settings.webhooks_http)
        self.delivering = Delivering(database, Poster(self.receivers))
        self.nodes = Nodes(database) if settings.role == "desk" else None

    async def start(self) -> None:
        self.delivering.start()

    def tasks(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        return {}

    async def drain(self) -> None:
        return

    async def close(self) -> None:
        await self.delivering.close()

    async def forget(self) -> None:
        """What was kept long enough, if it is time."""
        try:
            await asyncio.to_thread(self._retain, datetime.now(UTC))
        except AiguillageError as wrong:
            log.warning("nothing_forgotten", error=str(wrong))

    def health(self) -> Mapping[str, Health]:
        return {"nodes": self.nodes.health()} if self.nodes is not None else {}

    def _retain(self, now: datetime) -> None:
        if retaining.is_due(self._database, now):
            log.info("forgotten", **asdict(retaining.retain(self._settings, self._database, now)))
