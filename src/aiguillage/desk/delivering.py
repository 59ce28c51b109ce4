"""Deliver what webhooks are to be told: from the outbox, tried again for three days, whoever stops in between.

A webhook is served by one try at a time, so that a slow one keeps no other waiting. What was delivered while we could
not write it down is delivered again, under the same id: whoever receives it knows it by that.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog

from aiguillage.desk import webhooks as desk
from aiguillage.desk.posting import Poster
from aiguillage.errors import AiguillageError, Refused, Unavailable
from aiguillage.store import webhooks
from aiguillage.store.database import Database
from aiguillage.store.webhooks import Delivery, Webhook

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks at the outbox."""
AT_ONCE = 16
"""Webhooks that are served at the same time."""
CLAIM = timedelta(seconds=60)
"""Longer than one try may take: until then nobody else tries."""
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between a failed try and the next, as Standard Webhooks proposes; after the last it is given up."""
KEPT = timedelta(days=30)
"""What is over can be looked at for so long, then it is gone: it names callers."""
FORGET_EVERY = timedelta(hours=1)
LAST_TRY = 2.0
"""Seconds that tries under way are given when the service stops."""


RESULTS = ("delivered", "failed", "given-up", "gone")
"""How a try ends: it will be made again, or was the last one, or the receiver wants to be told no more."""


class Delivering:
    """Owned by the event loop; the outbox is read and written in threads. `counts` tries by RESULTS."""

    def __init__(
        self, database: Database, poster: Poster, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database, self._poster, self._now = database, poster, now
        self._looking: asyncio.Task[None] | None = None
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self.counts: Counter[str] = Counter()
        self._forgot = datetime.min.replace(tzinfo=UTC)

    def start(self) -> None:
        self._looking = asyncio.create_task(self._run(), name="webhooks")

    async def close(self) -> None:
        """What is not delivered yet is delivered after the next start."""
        self._stopping = True
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if tasks := list(self._serving.values()):
            await asyncio.wait(tasks, timeout=LAST_TRY)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        """Whatever goes wrong is told once, and tried again."""
        told = ""
        while True:
            try:
                await self._look()
                told = ""
            except AiguillageError as wrong:
                if str(wrong) != told:
                    log.warning("webhooks_wait", error=str(wrong))
                told = str(wrong)
            except Exception:  # a task that ends would keep everybody waiting until the next start
                log.exception("webhooks_failed")
            await asyncio.sleep(EVERY)

    async def _look(self) -> None:
        for key in await asyncio.to_thread(self._waiting):
            if key not in self._serving and len(self._serving) < AT_ONCE:
                self._serving[key] = asyncio.create_task(self._serve(key), name=f"webhook {key}")

    async def _serve(self, key: str) -> None:
        """Until nothing is due for this webhook."""
        try:
            while not self._stopping and await self.deliver_one(key):
                pass
        except AiguillageError as wrong:
            log.warning("webhook_waits", webhook=key, error=str(wrong))
        except Exception:  # the next look serves it again
            log.exception("webhook_failed", webhook=key)
        finally:
            del self._serving[key]

    async def deliver_one(self, key: str) -> bool:
        """Try what has been due longest for a webhook; whether there was something. Raises StoreUnavailable."""
        claimed = await asyncio.to_thread(self._claim, key)
        if claimed is None:
            return False
        webhook, delivery = claimed
        try:
            status = await self._poster.post(webhook, delivery, self._now())
        except (Refused, Unavailable) as wrong:
            result = await asyncio.to_thread(self._failed, delivery, str(wrong))
        else:
            result = await asyncio.to_thread(self._answered, delivery, status)
        self.counts[result] += 1
        return True

    # --- in a thread ---

    def _waiting(self) -> list[str]:
        now = self._now()
        if now - self._forgot >= FORGET_EVERY:
            with self._database.writing() as session:
                webhooks.forget(session, now - KEPT)
            self._forgot = now
        with self._database.reading() as session:
            return webhooks.waiting(session, now)

    def _claim(self, key: str) -> tuple[Webhook, Delivery] | None:
        now = self._now()
        with self._database.writing() as session:
            webhook = webhooks.find(session, key)
            delivery = webhooks.claim(session, key, now, now + CLAIM)
        return (webhook, delivery) if webhook and delivery else None

    def _answered(self, delivery: Delivery, status: int) -> str:
        if status == HTTPStatus.GONE:
            log.warning("webhook_disabled", webhook=delivery.webhook, error="answered 410 Gone")
            desk.gone(self._database, delivery, self._now())
            return "gone"
        if 200 <= status < 300:
            log.info("webhook_delivered", webhook=delivery.webhook, delivery=delivery.id, type=delivery.type)
            with self._database.writing() as session:
                webhooks.delivered(session, delivery.id, self._now())
            return "delivered"
        followed = ", which is not followed" if 300 <= status < 400 else ""
        return self._failed(delivery, f"answered {status}{followed}")

    def _failed(self, delivery: Delivery, error: str) -> str:
        now = self._now()
        pause = PAUSES[delivery.tries - 1] if delivery.tries <= len(PAUSES) else None
        said = {"webhook": delivery.webhook, "delivery": delivery.id, "tries": delivery.tries, "error": error}
        log.warning("webhook_not_delivered" if pause else "webhook_given_up", **said)
        with self._database.writing() as session:
            webhooks.failed(session, delivery.id, error, now, now + pause if pause else None)
        return "failed" if pause else "given-up"
