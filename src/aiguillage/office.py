"""What the service does for people, wherever Asterisk is: webhooks are delivered, and nothing is kept too long."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime

import structlog

from aiguillage.desk import retaining
from aiguillage.desk.delivering import Delivering
from aiguillage.desk.posting import Poster
from aiguillage.desk.receivers import Receivers
from aiguillage.errors import AiguillageError
from aiguillage.settings import Settings
from aiguillage.store.database import Database

log = structlog.get_logger()


class Office:
    """Owned by the event loop. `receivers` are those whom webhooks may be sent to."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self.receivers = Receivers(settings.webhook_networks, settings.webhooks_http)
        self.delivering = Delivering(database, Poster(self.receivers))

    def start(self) -> None:
        self.delivering.start()

    async def close(self) -> None:
        await self.delivering.close()

    async def forget(self) -> None:
        """What was kept long enough, if it is time."""
        try:
            await asyncio.to_thread(self._retain, datetime.now(UTC))
        except AiguillageError as wrong:
            log.warning("nothing_forgotten", error=str(wrong))

    def _retain(self, now: datetime) -> None:
        if retaining.is_due(self._database, now):
            log.info("forgotten", **asdict(retaining.retain(self._settings, self._database, now)))
