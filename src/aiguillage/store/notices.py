"""PostgreSQL tells at once that another process has changed something (LISTEN and NOTIFY).

Who listens looks at the revisions then, and each second all the same: a notice may be lost with its connection. SQLite
tells nothing.
"""

import contextlib
import threading
from collections.abc import Callable

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from aiguillage.store.database import Database

log = structlog.get_logger()

CHANNEL = "aiguillage_changed"
LOOK_EVERY = 0.5
"""Seconds between two looks whether we are to stop."""
AGAIN_AFTER = 2.0
"""Seconds between two attempts to listen while the database does not answer."""


def tell(session: Session) -> None:
    """Tell all who listen, once this session is committed."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


class Notices:
    """A thread with a connection of its own, which calls `changed` at each notice, and after each gap."""

    def __init__(self, database: Database, changed: Callable[[], None]) -> None:
        self._database, self._changed = database, changed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="notices", daemon=True)

    def start(self) -> None:
        if self._database.engine.dialect.name == "postgresql":
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(LOOK_EVERY * 4)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._one_connection()
            except (SQLAlchemyError, psycopg.Error) as wrong:
                log.info("notices_lost", error=type(wrong).__name__)
                self._stop.wait(AGAIN_AFTER)

    def _one_connection(self) -> None:
        """Until it is lost, or we are to stop. It is not the pool's: that one lends to whoever asks next."""
        engine = self._database.engine
        arguments, options = engine.dialect.create_connect_args(engine.url)
        with contextlib.closing(
            psycopg.connect(*arguments, autocommit=True, connect_timeout=2, **options)
        ) as listening:
            listening.execute(f"LISTEN {CHANNEL}")
            self._changed()
            while not self._stop.is_set():
                for _ in listening.notifies(timeout=LOOK_EVERY, stop_after=1):
                    self._changed()
