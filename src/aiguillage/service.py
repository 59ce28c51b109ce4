"""The composition root: builds the parts, starts FastAGI, AMI and HTTP, follows publications, drains on SIGTERM."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
import uvicorn

from aiguillage import event_loop, logs
from aiguillage.admin.app import create_app, create_node_app
from aiguillage.desk.accounts import first_invitation
from aiguillage.desk.calling import Calling, Calls, NoCalls, PlacedCall
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.measuring import Meters
from aiguillage.desk.metrics import Metrics
from aiguillage.desk.parts import Health, Parts
from aiguillage.desk.receivers import PUBLIC
from aiguillage.errors import SettingRefused, StoreUnavailable
from aiguillage.following import Following
from aiguillage.node import Node
from aiguillage.office import Office
from aiguillage.ports import port_taken
from aiguillage.settings import Settings
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import schema_state

log = structlog.get_logger()

FORGET_EVERY = 3600.0
"""Seconds between two looks for what was kept long enough."""
LAST_ANSWERS = 5
"""Seconds that HTTP requests under way are given when the service stops."""


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    logs.configure(settings)
    service = Service(settings)
    event_loop.run(service.run_until_stopped(service.welcome))


class Part(Protocol):
    """What a role of the service is made of; owned by the event loop."""

    async def start(self) -> None: ...

    def tasks(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """What it does all the time, by name."""
        ...

    def health(self) -> Mapping[str, Health]:
        """May ask the database, so call it from a thread."""
        ...

    async def forget(self) -> None:
        """What is not to be kept any longer."""
        ...

    async def drain(self) -> None:
        """Finish what is under way, and begin nothing."""
        ...

    async def close(self) -> None: ...


class Service:
    """One per process. Its role says which parts it has, besides the database and what is published in it:

    node    a Node: calls of one Asterisk are answered and written down; HTTP only tells how it is
    desk    an Office: webhooks and retention; HTTP has the whole API, which places no call and sees none in progress
    all     both
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database: Database = open_database(settings.url)
        self._live = LiveCalls(elsewhere=settings.role == "desk")
        self._meters = Meters()
        self._following = Following(settings, self.database, self._meters)
        node = None
        if settings.role != "desk":
            node = Node(settings, self.database, self._following, self._live, self._meters)
        office = Office(settings, self.database) if settings.role != "node" else None
        self._node, self._office = node, office
        self._parts: list[Part] = [part for part in (node, office) if part is not None]
        self._metrics = Metrics(
            self._meters,
            lambda: self._following.snapshot,
            node.link if node else None,
            node.listener if node else None,
            node.journalling if node else None,
            office.delivering if office else None,
            node.trunks if node else None,
            self._live,
        )

    async def run_until_stopped(self, ready: Callable[[], None] | None = None) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with self.running():
            if ready is not None:
                await asyncio.to_thread(ready)  # it may ask the database
            await stop.wait()
            log.info("stopping")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All parts up within the block; calls that are being answered when it ends are finished first.

        Raises SettingRefused when a port is taken.
        """
        with self._http_socket() as http:
            await self._following.begin()
            for part in self._parts:
                await part.start()
            self._following.start()
            server = self._server()
            serving = asyncio.create_task(server.serve(sockets=[http]), name="http")
            endless = {"forget": self._forget(), "follow": self._following.run(), "lag": self._meters.watch()}
            for part in self._parts:
                endless |= part.tasks()
            tasks = [asyncio.create_task(each, name=name) for name, each in endless.items()]
            event_loop.keep()
            log.info("serving", role=self.settings.role, **self._places())
            try:
                yield
            finally:
                self._live.closed = True
                for part in self._parts:
                    await part.drain()
                server.should_exit = True
                await serving
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                for part in self._parts:
                    await part.close()
                await self._following.close()
                self.database.close()

    def welcome(self) -> None:
        """Print the link of the first administrator, as long as nobody has a password: not a line of the log."""
        if self._office is None:
            return
        try:
            link = first_link(self.settings, self.database)
        except StoreUnavailable:
            return  # the parts that need the database say so themselves
        if link is not None:
            print(f"Nobody has a password yet. Choose the first administrator's, within a day: {link}", flush=True)  # noqa: T201

    def parts(self) -> Parts:
        return Parts(
            self.database,
            lambda: self._following.snapshot,
            self.health,
            self._followed,
            self.settings.longest_ringing,
            self._office.receivers if self._office is not None else PUBLIC,
            self._live,
            self.settings,
            self._calls(),
            self._metrics.text,
        )

    def health(self) -> Mapping[str, Health]:
        """Each part that a call needs; asks the database, so call it from a thread."""
        schema = schema_state(self.database)
        found = {
            "database": Health(schema.reachable, schema.reason),
            "migrations": Health(schema.current, schema.reason),
        }
        for part in self._parts:
            found |= part.health()
        return found | {"snapshot": self._following.health}

    def _followed(self) -> tuple[int, int]:
        following = self._following
        if self._office is not None and self._office.nodes is not None:
            return self._office.nodes.followed(following.version)
        return following.version, following.passed_over

    # --- parts ---

    def _server(self) -> uvicorn.Server:
        create = create_app if self._office is not None else create_node_app
        return _QuietServer(
            uvicorn.Config(
                create(self.parts()),
                log_config=None,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=LAST_ANSWERS,
            )
        )

    @contextlib.contextmanager
    def _http_socket(self) -> Iterator[socket.socket]:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.settings.http_host, self.settings.http_port))
        except OSError as wrong:
            listening.close()
            raise SettingRefused(port_taken("HTTP", self._http_url(), "AIGUILLAGE_HTTP_PORT", wrong)) from None
        with contextlib.closing(listening):
            yield listening

    def _http_url(self) -> str:
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    def _places(self) -> Mapping[str, str]:
        """Where it listens."""
        http = {"http": self._http_url()}
        return http | ({"agi": f"{self.settings.agi_host}:{self.settings.agi_port}"} if self._node is not None else {})

    def _calls(self) -> Calls:
        return NoCalls() if self._node is None else _CallsFromThreads(self._node.calling, asyncio.get_running_loop())

    async def _forget(self) -> None:
        while True:
            for part in self._parts:
                await part.forget()
            await asyncio.sleep(FORGET_EVERY)
            event_loop.tidy()


def first_link(settings: Settings, database: Database) -> str | None:
    """Where the first administrator chooses a password; None once anybody has one."""
    secret = first_invitation(database, datetime.now(UTC))
    return None if secret is None else f"{settings.http_url}/welcome?invitation={secret}"


@dataclass(frozen=True, slots=True)
class _CallsFromThreads:
    """Click-to-call for the API, whose endpoints run in threads beside the event loop that owns it."""

    calling: Calling
    loop: asyncio.AbstractEventLoop

    def place(self, person: str, to: str, by: str) -> PlacedCall:
        return asyncio.run_coroutine_threadsafe(self.calling.place(person, to, by), self.loop).result()

    def get(self, call: str) -> PlacedCall:
        return self.calling.get(call)

    def follow(self, call: str, after: int = -1) -> AsyncIterator[PlacedCall]:
        return self.calling.follow(call, after)


class _QuietServer(uvicorn.Server):
    """Signals are the service's own business: HTTP stops after the calls."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
