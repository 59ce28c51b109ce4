"""The composition root: builds the parts, starts FastAGI, AMI and HTTP, follows publications, drains on SIGTERM."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime

import structlog
import uvicorn

from aiguillage import logs
from aiguillage.admin.app import create_app
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.events import Interpreter
from aiguillage.asterisk.fastagi import Listener
from aiguillage.desk.answering import Answering
from aiguillage.desk.journalling import Journalling, event_records
from aiguillage.desk.messages import MessageBook
from aiguillage.desk.parts import Health, Parts
from aiguillage.desk.provisioning import provision
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.errors import AiguillageError, NotFound, SettingRefused
from aiguillage.settings import Settings
from aiguillage.store import plans
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import schema_state

log = structlog.get_logger()

FOLLOW_EVERY = 1.0
"""Seconds between two looks at the database for what another process has published."""
DRAIN = 1.5
"""Seconds that a call in the middle of its question is given when the service stops."""


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    logs.configure(settings)
    asyncio.run(Service(settings).run_until_stopped())


class Service:
    """One per process. `snapshot` is replaced in one assignment; everybody else only reads it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database: Database = open_database(settings.url)
        self.snapshot: Snapshot | None = None
        self._journalling = Journalling(self.database)
        self._messages = MessageBook(settings, self.database, lambda: self.snapshot)
        answering = Answering(lambda: self.snapshot, self._journalling, settings.simulation)
        routes = {"inbound": answering.inbound, "alive": answering.alive}
        self._listener = Listener(routes, settings.agi_host, settings.agi_port)
        self.link: ManagerLink | None = None
        self._listening = False
        self._provisioning = asyncio.Lock()

    async def run_until_stopped(self, ready: Callable[[], None] | None = None) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with self.running():
            if ready is not None:
                ready()
            await stop.wait()
            log.info("stopping")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All parts up within the block; calls that are being answered when it ends are finished first.

        Raises SettingRefused when a port is taken.
        """
        with self._http_socket() as http:
            await self._follow_once()
            await self._start_listener()
            self._journalling.start()
            self._messages.start()
            self.link = ManagerLink(
                host=self.settings.ami_host,
                port=self.settings.ami_port,
                user=self.settings.ami_user,
                secret=self.settings.ami_secret.get_secret_value(),
                on_up=self._asterisk_is_there,
            )
            await self.link.start()
            server = _QuietServer(
                uvicorn.Config(create_app(self.parts()), log_config=None, lifespan="off", server_header=False)
            )
            tasks = [
                asyncio.create_task(self._follow(), name="follow"),
                asyncio.create_task(self._record_events(), name="events"),
                asyncio.create_task(server.serve(sockets=[http]), name="http"),
            ]
            log.info("serving", http=self._http_url(), agi=f"{self.settings.agi_host}:{self.settings.agi_port}")
            try:
                yield
            finally:
                self._listening = False
                await self._listener.drain(DRAIN)
                server.should_exit = True
                await tasks.pop()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.link.close()
                await self._messages.close()
                await self._journalling.close()
                self.database.close()

    def parts(self) -> Parts:
        return Parts(self.database, lambda: self.snapshot, self.health)

    def health(self) -> Mapping[str, Health]:
        """Each part that a call needs; asks the database, so call it from a thread."""
        snapshot, link = self.snapshot, self.link
        schema = schema_state(self.database)
        state = link.state if link else "closed"
        return {
            "database": Health(schema.reachable, schema.reason),
            "migrations": Health(schema.current, schema.reason),
            "fastagi": Health(
                self._listening,
                f"listening on {self.settings.agi_host}:{self.settings.agi_port}"
                if self._listening
                else "not listening",
            ),
            "ami": Health(state == "up", link.reason if link else "not started"),
            "snapshot": Health(
                snapshot is not None,
                f"plan version {snapshot.plan_version}" if snapshot else "no plan has been published yet",
            ),
        }

    # --- parts ---

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
            await self._listener.start()
        except OSError as wrong:
            place = f"{self.settings.agi_host}:{self.settings.agi_port}"
            raise SettingRefused(port_taken("FastAGI", place, "AIGUILLAGE_AGI_PORT", wrong)) from None
        self._listening = True

    def _http_url(self) -> str:
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    # --- what changes while we run ---

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_EVERY)
            try:
                await self._follow_once()
            except AiguillageError as wrong:
                log.warning("keeps_last_plan", error=str(wrong))

    async def _follow_once(self) -> None:
        """Take up what has been published or imported since the last look."""
        before = self.snapshot
        fresh = await asyncio.to_thread(self._newer_snapshot, before)
        if fresh is None:
            return
        if self.link is not None and (before is None or before.plan_version != fresh.plan_version):
            await self._provision(fresh)  # first: the next call may ring a phone, or play a prompt, that is new
        self.snapshot = fresh
        log.info("follows_plan", version=fresh.plan_version, directory=fresh.directory_revision)

    def _newer_snapshot(self, known: Snapshot | None) -> Snapshot | None:
        with self.database.reading() as session:
            revisions = plans.revisions(session)
        if known and (known.plan_version, known.directory_revision) == (revisions.plan, revisions.directory):
            return None
        try:
            return load_snapshot(self.database)
        except NotFound:
            return None

    async def _asterisk_is_there(self) -> None:
        """After each login: Asterisk may have been restarted with older files."""
        if self.snapshot is not None:
            await self._provision(self.snapshot)

    async def _provision(self, snapshot: Snapshot) -> None:
        async with self._provisioning:
            try:
                modules = await asyncio.to_thread(provision, self.settings, self.database, snapshot.plan)
                for module in modules:
                    if self.link is not None and self.link.state == "up":
                        await self.link.reload(module)
            except AiguillageError as wrong:
                log.error("asterisk_keeps_old_files", error=str(wrong))

    async def _record_events(self) -> None:
        if self.link is None:
            return
        interpreter = Interpreter()
        async for message in self.link.events():
            happened = interpreter.events(message, datetime.now(UTC))
            for record in event_records(happened, self.snapshot):
                self._journalling.happened(record)


class _QuietServer(uvicorn.Server):
    """Signals are the service's own business: HTTP stops after the calls."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def port_taken(what: str, place: str, setting: str, wrong: OSError) -> str:
    """What an operator reads when a port cannot be had."""
    return f"{what} cannot listen on {place}: {wrong.strerror}. Stop what uses it, or set {setting}."
