"""The composition root: builds the parts, starts FastAGI, AMI and HTTP, follows publications, drains on SIGTERM."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
import uvicorn

from aiguillage import event_loop, logs
from aiguillage.admin.app import create_app
from aiguillage.desk.accounts import first_invitation
from aiguillage.desk.calling import Calling, PlacedCall
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.measuring import Meters
from aiguillage.desk.metrics import Metrics
from aiguillage.desk.parts import Health, Parts
from aiguillage.errors import SettingRefused, StoreUnavailable
from aiguillage.following import Following
from aiguillage.node import Node
from aiguillage.office import Office
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


class Service:
    """One per process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database: Database = open_database(settings.url)
        self._live = LiveCalls()
        self._meters = Meters()
        self._following = Following(settings, self.database, self._meters)
        self._node = Node(settings, self.database, self._following, self._live, self._meters)
        self._office = Office(settings, self.database)
        self._metrics = Metrics(
            self._meters,
            lambda: self._following.snapshot,
            self._node.link,
            self._node.listener,
            self._node.journalling,
            self._office.delivering,
            self._node.trunks,
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
            await self._start_listener()
            self._following.start()
            self._office.start()
            await self._node.start()
            server = self._server()
            serving = asyncio.create_task(server.serve(sockets=[http]), name="http")
            endless = {
                "forget": self._forget(),
                "follow": self._following.run(),
                "lag": self._meters.watch(),
                **self._node.tasks(),
            }
            tasks = [asyncio.create_task(each, name=name) for name, each in endless.items()]
            event_loop.keep()
            log.info("serving", http=self._http_url(), agi=f"{self.settings.agi_host}:{self.settings.agi_port}")
            try:
                yield
            finally:
                self._live.closed = True
                await self._node.drain()
                server.should_exit = True
                await serving
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._node.close()
                await self._office.close()
                await self._following.close()
                self.database.close()

    def welcome(self) -> None:
        """Print the link of the first administrator, as long as nobody has a password: not a line of the log."""
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
            lambda: self._following.passed_over,
            self.settings.longest_ringing,
            self._office.receivers,
            self._live,
            self.settings,
            _CallsFromThreads(self._node.calling, asyncio.get_running_loop()),
            self._metrics.text,
        )

    def health(self) -> Mapping[str, Health]:
        """Each part that a call needs; asks the database, so call it from a thread."""
        schema = schema_state(self.database)
        return {
            "database": Health(schema.reachable, schema.reason),
            "migrations": Health(schema.current, schema.reason),
            **self._node.health,
            "snapshot": self._following.health,
        }

    # --- parts ---

    def _server(self) -> uvicorn.Server:
        return _QuietServer(
            uvicorn.Config(
                create_app(self.parts()),
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

    async def _start_listener(self) -> None:
        try:
            await self._node.listen()
        except OSError as wrong:
            place = f"{self.settings.agi_host}:{self.settings.agi_port}"
            raise SettingRefused(port_taken("FastAGI", place, "AIGUILLAGE_AGI_PORT", wrong)) from None

    def _http_url(self) -> str:
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    async def _forget(self) -> None:
        while True:
            await self._node.forget()
            await self._office.forget()
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


def port_taken(what: str, place: str, setting: str, wrong: OSError) -> str:
    """What an operator reads when a port cannot be had."""
    return f"{what} cannot listen on {place}: {wrong.strerror}. Stop what uses it, or set {setting}."
