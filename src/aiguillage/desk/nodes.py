"""Several nodes with one database: each says every few seconds what its calls follow, and the desk looks at all."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from aiguillage.desk.parts import Health
from aiguillage.errors import StoreUnavailable
from aiguillage.store import nodes
from aiguillage.store.database import Database
from aiguillage.store.nodes import NodeState as NodeState

log = structlog.get_logger()

EVERY = 10.0
"""Seconds between two times that a node says that it is there; at once when it follows something else."""
SILENT = timedelta(seconds=30)
"""Who has said nothing for so long is not there. The clocks of the machines must agree."""
FORGOTTEN = timedelta(days=1)


class Reporting:
    """A node's own part; owned by its event loop. Does nothing where the only node has no name.

    `namesake` says, with the remedy, that another service reports under this name; empty: none does.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._name = database, name
        self._said: NodeState | None = None
        self._said_at = 0.0
        self.namesake = ""

    async def say(self, plan_version: int, directory_revision: int, refused_version: int, fault: str) -> None:
        """Whatever the database does: what could not be said is said later."""
        if not self._name:
            return
        now = datetime.now(UTC)
        state = NodeState(self._name, now, plan_version, directory_revision, refused_version, fault)
        is_same = self._said is not None and replace(self._said, seen_at=now) == state
        if is_same and time.monotonic() - self._said_at < EVERY:
            return
        try:
            is_ours = await asyncio.to_thread(self._write, state)
        except StoreUnavailable as wrong:
            log.debug("node_not_reported", error=str(wrong))
        else:
            self._said, self._said_at = state, time.monotonic()
            told = f"another service says that it is node {self._name}, and calls of the two are mixed up"
            remedy = "give each its own AIGUILLAGE_NODE, and its Asterisk the same systemname"
            self.namesake = "" if is_ours else f"{told}; {remedy}"

    def _write(self, state: NodeState) -> bool:
        """Whether what stood there was what we had written, as far as we had."""
        with self._database.writing() as session:
            before = next((each for each in nodes.states(session) if each.name == self._name), None)
            nodes.write(session, state)
            nodes.forget(session, state.seen_at - FORGOTTEN)
        return before is None or self._said is None or before.seen_at <= self._said.seen_at


class Nodes:
    """The desk's part: how all nodes are. Asks the database, so call it from a thread."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def states(self) -> Sequence[NodeState]:
        """Of every node that was seen within a day. Raises StoreUnavailable."""
        with self._database.reading() as session:
            return nodes.states(session)

    def health(self) -> Health:
        try:
            return health_of(self.states(), self._now())
        except StoreUnavailable as wrong:
            return Health(ok=False, reason=f"not known: {wrong}")

    def followed(self, published: int) -> tuple[int, int]:
        """The version that every node follows which was seen lately; and the newest that one of them refused, or 0.

        `published` where there is no such node, or nobody can say.
        """
        try:
            there = seen(self.states(), self._now())
        except StoreUnavailable:
            return published, 0
        versions = [each.plan_version for each in there]
        return min(versions, default=published), max((each.refused_version for each in there), default=0)


def seen(states: Iterable[NodeState], now: datetime) -> list[NodeState]:
    """Those that have said lately that they are there."""
    return [each for each in states if now - each.seen_at <= SILENT]


def health_of(states: Sequence[NodeState], now: datetime) -> Health:
    """Names every node with the version that it follows, and those that are silent."""
    if not states:
        told = "none was seen within a day, so no call follows what is published"
        return Health(ok=False, reason=f"{told}; beside each Asterisk, start: aiguillage serve --role node")
    well = all(now - each.seen_at <= SILENT and not each.fault for each in states)
    return Health(well, "; ".join(_in_words(each, now) for each in states))


def _in_words(state: NodeState, now: datetime) -> str:
    name, silent = state.name, now - state.seen_at
    if silent > SILENT:
        seconds = int(silent.total_seconds())
        return f"{name} is silent for {seconds} s: see whether its machine, its service and its network are up"
    follows = f"{name} follows plan version {state.plan_version}" if state.plan_version else f"{name} has no plan yet"
    return f"{follows}, and refused version {state.refused_version}: {state.fault}" if state.fault else follows
