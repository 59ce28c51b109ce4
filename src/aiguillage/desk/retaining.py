"""Keep of calls what is needed, as long as it is needed: numbers, then pseudonyms, then counts."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta, tzinfo

import structlog

from aiguillage.desk import backups, catching_up, editing, messages
from aiguillage.errors import AsteriskUnavailable, NotFound
from aiguillage.routing import hours
from aiguillage.settings import Settings
from aiguillage.store import retention
from aiguillage.store.database import Database, Session
from aiguillage.store.retention import Limits

log = structlog.get_logger()

BATCH = 500
"""Rows that are treated in one go: calls are written down between one and the next."""
PAUSE = 0.05
"""Seconds between two of them."""
QUIET_HOURS = range(2, 5)
"""When the service does it, on the organisation's clock."""
OVERDUE = timedelta(days=2)
"""A service that never runs at night does it all the same."""

_OWN_BACKUPS = timedelta(days=30)
"""Days that the backups stay which were made by themselves, before a migration or a restore."""

_Step = Callable[[Session], int]


@dataclass(slots=True)
class Retained:
    """How many decisions and events lost their numbers, decisions were counted and taken out, events and other rows
    were taken out, messages were deleted; `not_deleted`: messages that Asterisk did not delete."""

    hidden: int = 0
    hidden_events: int = 0
    counted: int = 0
    events: int = 0
    others: int = 0
    messages: int = 0
    not_deleted: int = 0

    @property
    def anything(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))


def is_due(database: Database, now: datetime) -> bool:
    """Whether the service is to do it now: at night, once a day."""
    with database.reading() as session:
        last = retention.last_pass(session)
    if last is None or now - last > OVERDUE:
        return True
    local, last_local = (each.astimezone(_zone(database)) for each in (now, last))
    return local.hour in QUIET_HOURS and local.date() != last_local.date()


def retain(settings: Settings, database: Database, now: datetime) -> Retained:
    """Do what is due at `now` (aware). From a thread without an event loop; it may be broken off and done again.

    Raises StoreUnavailable.
    """
    with contextlib.suppress(AsteriskUnavailable):  # the service that reads the file says so
        catching_up.take_in(settings, database, None, now)
    done, zone = Retained(), _zone(database)
    limits = Limits(
        now, now - timedelta(days=settings.keep_numbers_days), now - timedelta(days=settings.keep_calls_days)
    )

    def day_of(at: datetime) -> date:
        return at.astimezone(zone).date()

    done.counted = _all(database, lambda session: retention.count_calls(session, limits.calls, BATCH, day_of))
    done.events = _all(database, lambda session: retention.remove_events(session, limits.calls, BATCH))
    done.hidden = _all(database, lambda session: retention.hide_numbers(session, limits.numbers, BATCH))
    done.hidden_events = _all(database, lambda session: retention.hide_lines(session, limits.numbers, BATCH))
    backups.forget_own(settings, now - _OWN_BACKUPS)
    forget_messages(settings, database, now, done)
    with database.writing() as session:
        retention.forget_keys(session)
        done.others = retention.remove_rest(session, limits)
        retention.passed(session, now)
    return done


def _all(database: Database, step: _Step) -> int:
    """Again and again, until nothing is left."""
    total = 0
    while True:
        with database.writing() as session:
            number = step(session)
        if not number:
            return total
        total += number
        time.sleep(PAUSE)


def forget_messages(settings: Settings, database: Database, now: datetime, done: Retained) -> None:
    """Messages of this node that somebody has listened to, not those that nobody has heard. Raises StoreUnavailable."""
    before, node = now - timedelta(days=settings.keep_messages_days), settings.node
    stored = [each for each in messages.messages_of(database) if each.node == node]
    old = [each for each in stored if each.listened and each.at < before]
    for each in old:
        try:
            messages.delete(settings, database, each.id, editing.Editor("retention"))
            done.messages += 1
        except NotFound:  # its owner was faster
            continue
        except AsteriskUnavailable as wrong:
            done.not_deleted = len(old) - done.messages
            log.warning("old_messages_not_deleted", number=done.not_deleted, error=str(wrong))
            return


def _zone(database: Database) -> tzinfo:
    try:
        return hours.zone(editing.check(editing.document_of(database, "live")))
    except NotFound:
        return UTC
