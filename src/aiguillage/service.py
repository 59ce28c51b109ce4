"""The composition root: builds the parts, starts FastAGI, AMI and HTTP, follows publications, drains on SIGTERM."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import structlog
import uvicorn

from aiguillage import event_loop, logs
from aiguillage.admin.app import create_app
from aiguillage.asterisk import trunks
from aiguillage.asterisk.ami import ManagerLink, TwoUsers
from aiguillage.asterisk.events import CallEvent, Interpreter
from aiguillage.asterisk.fastagi import Listener
from aiguillage.asterisk.loops import came_back
from aiguillage.asterisk.originating import not_placed
from aiguillage.asterisk.provisioning.voices import voice
from aiguillage.asterisk.queues import not_answered
from aiguillage.desk import retaining
from aiguillage.desk.accounts import first_invitation
from aiguillage.desk.announcing import Announcing
from aiguillage.desk.answering import Answering
from aiguillage.desk.calling import Calling, PlacedCall
from aiguillage.desk.catching_up import CatchingUp
from aiguillage.desk.delivering import Delivering
from aiguillage.desk.journalling import Journalling, event_records
from aiguillage.desk.keeping import Keeping
from aiguillage.desk.last_known_good import LastKnownGood, file_of
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.measuring import Meters
from aiguillage.desk.memory import Memory, numbers_kept
from aiguillage.desk.messages import MessageBook
from aiguillage.desk.metrics import Metrics
from aiguillage.desk.parts import Health, Parts
from aiguillage.desk.posting import Poster
from aiguillage.desk.provisioning import provision, take_over
from aiguillage.desk.queueing import Queueing
from aiguillage.desk.receivers import Receivers
from aiguillage.desk.snapshot import Snapshot, load_presences, load_snapshot
from aiguillage.desk.trunks import Trunks
from aiguillage.errors import AiguillageError, NotFound, SettingRefused, StoreUnavailable
from aiguillage.routing import hours
from aiguillage.routing.presence import Presence
from aiguillage.settings import Settings
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import schema_state
from aiguillage.store.notices import Notices
from aiguillage.store.revisions import revisions
from aiguillage.store.soundness import Watched, look
from aiguillage.synthetic_calls import SyntheticCalls

log = structlog.get_logger()

FOLLOW_EVERY = 1.0
"""Seconds between two looks at the database for what another process has published."""
FOLLOWED_WITHIN = 10
"""Seconds since the last look that found the database; then /readyz says how old the plan may be."""
FORGET_EVERY = 3600.0
"""Seconds between two looks for what was kept long enough."""
TABLE_EVERY = 30.0
"""Seconds, at least, between two times that Asterisk is given another timetable because the directory has changed."""
LAST_ANSWERS = 5
"""Seconds that HTTP requests under way are given when the service stops."""
DRAIN = 1.5
"""Seconds that a call in the middle of its question is given when the service stops."""


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    logs.configure(settings)
    service = Service(settings)
    event_loop.run(service.run_until_stopped(service.welcome))


class Service:
    """One per process. `snapshot` is replaced in one assignment; everybody else only reads it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database: Database = open_database(settings.url)
        self.snapshot: Snapshot | None = None
        self.live = LiveCalls()
        self._kept = LastKnownGood(file_of(settings), self.database)
        self._watched = Watched(self.database)
        self._notices = Notices(self.database, self._noticed)
        self._look = asyncio.Event()
        self._as_of: datetime | None = None
        self._journalling = Journalling(self.database, self.live.told)
        self._memory = Memory(self._journalling)
        self._announcing = Announcing(settings.prompts_dir, voice(settings.voice_command))
        self.link = ManagerLink(
            host=settings.ami_host,
            port=settings.ami_port,
            user=settings.ami_user,
            secret=settings.ami_secret.get_secret_value(),
            on_up=self._asterisk_is_there,
        )
        self._calling = Calling(self.link, lambda: self.snapshot, self._memory, settings.daily_calls)
        answering = Answering(
            lambda: self.snapshot,
            self.database,
            self._journalling,
            self._memory,
            self._announcing,
            self._presence_changed,
            settings.daily_calls,
            settings.simulation,
            self._calling,
        )
        routes = {
            "inbound": answering.inbound,
            "menu": answering.menu,
            "dialled": answering.dialled,
            "placed": answering.placed,
            "feature": answering.feature,
            "callback": answering.callback,
            "alive": answering.alive,
        }
        self._messages = MessageBook(settings, self.database, lambda: self.snapshot)
        self._receivers = Receivers(settings.webhook_networks, settings.webhooks_http)
        self._delivering = Delivering(self.database, Poster(self._receivers))
        self._meters = Meters()
        self._listener = Listener(self._meters.timed(routes), settings.agi_host, settings.agi_port)
        self._two_users = TwoUsers(self.link, settings)
        self._queueing = Queueing(self._two_users)
        self._trunks = Trunks(self._journalling)
        self._catching_up = CatchingUp(
            settings, self.database, self.link, self.live, self._journalling.heard, lambda: self.snapshot
        )
        self._metrics = Metrics(
            self._meters,
            lambda: self.snapshot,
            self.link,
            self._listener,
            self._journalling,
            self._delivering,
            self._trunks,
            self.live,
        )
        self._keeping = Keeping()
        self.synthetic_calls = SyntheticCalls(settings)
        self._listening = False
        self._provisioning = asyncio.Lock()
        self._provisioned = Health(ok=True, reason="nothing was written for Asterisk yet")
        self._passed_over = 0
        self._recalled = False
        self._compared = False
        self._told = ""
        self._tabled: object = None
        self._trunk_passwords = 0
        self._table_after = 0.0

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
            await self._begin()
            await self._start_listener()
            self._loop = asyncio.get_running_loop()
            self._notices.start()
            self._kept.start()
            self._messages.start()
            self._delivering.start()
            await self.link.start()
            server = _QuietServer(
                uvicorn.Config(
                    create_app(self.parts()),
                    log_config=None,
                    lifespan="off",
                    server_header=False,
                    timeout_graceful_shutdown=LAST_ANSWERS,
                )
            )
            tasks = [
                asyncio.create_task(self._forget(), name="forget"),
                asyncio.create_task(self._follow(), name="follow"),
                asyncio.create_task(self._record_events(), name="events"),
                asyncio.create_task(self._meters.watch(), name="lag"),
                asyncio.create_task(self._catching_up.run(), name="catching-up"),
                asyncio.create_task(self.synthetic_calls.run(), name="synthetic-calls"),
                asyncio.create_task(server.serve(sockets=[http]), name="http"),
            ]
            event_loop.keep()
            log.info("serving", http=self._http_url(), agi=f"{self.settings.agi_host}:{self.settings.agi_port}")
            try:
                yield
            finally:
                self._listening = False
                self.live.closed = True
                await self._listener.drain(DRAIN)
                self._calling.close()
                server.should_exit = True
                await tasks.pop()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.link.close()
                await self._delivering.close()
                await self._messages.close()
                await self._journalling.close()
                await self._kept.close()
                await asyncio.to_thread(self._notices.close)
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
            lambda: self.snapshot,
            self.health,
            lambda: self._passed_over,
            self.settings.longest_ringing,
            self._receivers,
            self.live,
            self.settings,
            _CallsFromThreads(self._calling, asyncio.get_running_loop()),
            self._metrics.text,
        )

    def health(self) -> Mapping[str, Health]:
        """Each part that a call needs; asks the database, so call it from a thread."""
        snapshot, link = self.snapshot, self.link
        schema = schema_state(self.database)
        return {
            "database": Health(schema.reachable, schema.reason),
            "migrations": Health(schema.current, schema.reason),
            "fastagi": Health(
                self._listening,
                f"listening on {self.settings.agi_host}:{self.settings.agi_port}"
                if self._listening
                else "not listening",
            ),
            "ami": Health(link.state == "up", link.reason),
            "sip": self.synthetic_calls.health,
            "provisioning": self._provisioned,
            "trunks": self._trunks.health,
            "snapshot": Health(
                snapshot is not None,
                self._told_of(snapshot) if snapshot else "no plan has been published yet",
            ),
        }

    def _told_of(self, snapshot: Snapshot) -> str:
        told = f"plan version {snapshot.plan_version}"
        age = int((datetime.now(UTC) - self._as_of).total_seconds()) if self._as_of else 0
        return told if age <= FOLLOWED_WITHIN else f"{told}, as of {age} s ago: what was published since is not known"

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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FOLLOW_EVERY):
                    await self._look.wait()
            self._look.clear()
            await self._try_to_follow()
            if self.snapshot is not None:
                await self._keep_files(self.snapshot)
            if self.snapshot is not None and self._tabled is None:
                # An Asterisk that waits for its first files cannot be logged in to.
                await self._provision(self.snapshot)
            if self.snapshot is not None and self.link.state == "up":
                await self._keep_timetable(self.snapshot)
                await self._queueing.follow(self.snapshot)  # a state may have come to its time, too
                await self._trunks.follow(self.link, self.snapshot.plan, datetime.now(UTC))
                await self._calling.look(datetime.now(UTC))

    def _noticed(self) -> None:
        """From a thread: another process has changed something."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: we have stopped
            self._loop.call_soon_threadsafe(self._look.set)

    async def _keep_files(self, snapshot: Snapshot) -> None:
        async with self._provisioning:
            health = await self._keeping.look(self._two_users, snapshot.plan, up=self.link.state == "up")
        self._provisioned = health or self._provisioned

    async def _keep_timetable(self, snapshot: Snapshot) -> None:
        """Asterisk's own timetable knows today's directory, and goes on for weeks."""
        now = asyncio.get_running_loop().time()
        if self._tabled != self._depends_on(snapshot) and now >= self._table_after:
            self._table_after = now + TABLE_EVERY
            await self._provision(snapshot)

    async def _begin(self) -> None:
        """The database has the last word; where it is away, damaged or empty, calls go on as they were decided last."""
        damage = await asyncio.to_thread(look, self.database)
        if not damage:
            await self._try_to_follow()
        kept = await self._kept.recall() if self.snapshot is None else None
        if damage and kept is None:
            await self._try_to_follow()
        if damage:
            log.error("database_damaged", error=damage)
            self._watched.close_off(damage)
        if self.snapshot is None and kept is not None:
            self.snapshot, self._as_of = kept.snapshot, kept.at
            log.warning("follows_last_known_good", version=kept.snapshot.plan_version, as_of=kept.at.isoformat())

    async def _try_to_follow(self) -> None:
        """Whatever the database does, the next look comes; what is wrong is told once."""
        try:
            await self._follow_once()
        except AiguillageError as wrong:
            if str(wrong) != self._told:
                log.warning("keeps_last_plan", error=str(wrong))
            self._told = str(wrong)
        except Exception:  # a damaged row reads as anything
            log.exception("keeps_last_plan")
        else:
            if self._told:
                log.info("database_is_back")
            self._told = ""

    async def _follow_once(self) -> None:
        """Take up what has been published or imported since the last look, and what calls left before the start."""
        before = self.snapshot
        await asyncio.to_thread(self._watched.look_again)
        fresh = await asyncio.to_thread(self._newer_snapshot, before if self._compared else None)
        self._meters.looked()
        if fresh is not None:
            await self._take_up(before, fresh)
        self._as_of = datetime.now(UTC)
        if not self._recalled:
            await self._recall()

    async def _take_up(self, before: Snapshot | None, fresh: Snapshot) -> None:
        is_new = before is None or before.plan_version != fresh.plan_version
        # Asterisk first: the next call may ring a phone, or play a prompt, that is new.
        if self._listening and is_new and not await self._provision(fresh) and before is not None:
            if self._tabled is None:
                return  # the database is away again, which says nothing about the plan
            self._passed_over = fresh.plan_version
            fresh = replace(fresh, plan=before.plan, plan_version=before.plan_version)
        if before is not None and before.directory_revision != fresh.directory_revision:  # somebody may be erased
            self._memory.keep(await asyncio.to_thread(numbers_kept, self.database), datetime.now(UTC))
        self.snapshot, self._compared = fresh, True
        self._kept.keep(fresh)
        event_loop.keep()
        log.info("follows_plan", version=fresh.plan_version, directory=fresh.directory_revision)

    async def _forget(self) -> None:
        while True:
            await asyncio.to_thread(self._announcing.forget)
            try:
                await asyncio.to_thread(self._retain, datetime.now(UTC))
            except AiguillageError as wrong:
                log.warning("nothing_forgotten", error=str(wrong))
            await asyncio.sleep(FORGET_EVERY)
            event_loop.tidy()

    def _retain(self, now: datetime) -> None:
        if retaining.is_due(self.database, now):
            log.info("forgotten", **asdict(retaining.retain(self.settings, self.database, now)))

    async def _recall(self) -> None:
        plan = self.snapshot.plan if self.snapshot else None
        today = datetime.now(hours.zone(plan) if plan else UTC).date()
        await asyncio.to_thread(self._memory.recall, self.database, today)
        self._recalled = True
        self._journalling.start()  # not before: what it writes would be recalled, and count twice

    def _presence_changed(self, person: str, presence: Presence) -> None:
        """A phone has set a state: the very next call knows it, before the store is looked at again."""
        if self.snapshot is not None:
            self.snapshot = replace(self.snapshot, presences={**self.snapshot.presences, person: presence})

    def _newer_snapshot(self, known: Snapshot | None) -> Snapshot | None:
        with self.database.reading() as session:
            now = revisions(session)
        self._trunk_passwords = now.trunks
        if known and now.plan in {known.plan_version, self._passed_over} and now.directory == known.directory_revision:
            if known.presence_revision == now.presence:
                self._kept.confirm()
                return None
            return load_presences(self.database, known)
        try:
            return load_snapshot(self.database)
        except NotFound:
            return None

    async def _asterisk_is_there(self) -> None:
        """After each login: Asterisk may have been restarted with older files, and news of calls were missed."""
        await self._catching_up.after_login()
        self._calling.doubt(datetime.now(UTC))
        self._passed_over = 0  # this Asterisk may take what the one before did not
        if self.snapshot is not None:
            await self._provision(self.snapshot)
            self.synthetic_calls.soon()
            await self._queueing.start_afresh(self.snapshot)
            self._meters.waiting = await self._queueing.waiting(self.snapshot)
            await self._trunks.look(self.link, self.snapshot.plan.trunks, datetime.now(UTC))

    async def _provision(self, snapshot: Snapshot) -> bool:
        """Whether Asterisk has what the plan needs; where it is away, it will be asked once it is there."""
        async with self._provisioning:
            try:
                self._tabled = self._depends_on(snapshot)
                plan, directory = snapshot.plan, snapshot.directory
                written = await asyncio.to_thread(provision, self.settings, self.database, plan, directory)
                if written is not None and self.link.state == "up":
                    await take_over(self._two_users, written, snapshot.plan)
                    if written.swap.changed:
                        await self._queueing.reloaded(snapshot)
                self._keeping.took(written)
            except AiguillageError as wrong:
                if isinstance(wrong, StoreUnavailable):
                    self._tabled = None  # to be tried again when the database is back; the files are as they were
                self._provisioned = Health(ok=False, reason=f"plan version {snapshot.plan_version}: {wrong}")
                log.error("asterisk_keeps_old_files", version=snapshot.plan_version, error=str(wrong))
                return False
        self._provisioned = Health(ok=True, reason=f"Asterisk has plan version {snapshot.plan_version}")
        return True

    async def _record_events(self) -> None:
        interpreter = Interpreter()
        async for message in self.link.events():
            self._meters.heard(message)
            await self._catching_up.level.wait()
            try:
                happened = [*interpreter.events(message, now := datetime.now(UTC))]
                self._record(happened, now)
                for event in happened:
                    self._calling.happened(event)
                    self._announcing.happened(event)
                if (call := not_placed(message)) is not None:
                    self._calling.not_placed(call, now)
                if self.snapshot is not None and (missed := not_answered(message)):
                    self._queueing.not_answered(missed, self.snapshot)
                if status := trunks.heard(message):
                    self._trunks.heard(status, now)
                if looped := came_back(message):
                    log.warning("call_came_back", by=looped.by, number=looped.number)
            except Exception:  # one odd event must not end the journal
                log.exception("event_not_recorded")

    def _record(self, happened: Iterable[CallEvent], now: datetime) -> None:
        for record in event_records(happened, self.snapshot):
            self._journalling.happened(record)
            if record.kind == "emergency":
                log.warning("emergency_call", **record.detail)
            if record.kind == "answered" and record.person:
                self._memory.answered(record.person, now)

    def _depends_on(self, snapshot: Snapshot) -> object:
        """What Asterisk's files depend on, besides the plan."""
        return snapshot.directory_revision, datetime.now(UTC).date(), self._trunk_passwords


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
