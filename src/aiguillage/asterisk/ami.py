"""The link to Asterisk's manager interface (AMI), kept alive by ourselves.

panoramisk speaks the protocol; each connection gets a `Manager` of its own that never reconnects, so nothing of a lost
connection is ever sent again. Heartbeat, login, back-off and the queue of events are ours.
docs/decisions/0004-manager-link.md has the reasons.
"""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal

import structlog
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from aiguillage.errors import AnswerLost, AsteriskRefused, AsteriskUnavailable, Refused
from aiguillage.settings import Settings

log = structlog.get_logger()

ACTION_SECONDS = 5.0
HEARTBEAT_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to connect, doubled each time, with chance so that nodes do not knock together."""
MAX_PACKET = 1 << 20
MAX_EVENTS = 10_000
TOGETHER = 0.05
"""Seconds that events wait for each other while no action waits for its answer: Asterisk sends each by itself, and to
wake up for one costs more than to read it."""

State = Literal["connecting", "up", "refused", "down", "closed"]
Message = Mapping[str, str]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ManagerLink:
    """One per Asterisk. `state` and `reason` say how it is; `dropped` counts events that nobody fetched in time,
    `logins` how often it was let in."""

    def __init__(self, *, host: str, port: int, user: str, secret: str, on_up: Callable[[], Awaitable[None]]) -> None:
        self._host, self._port, self._user, self._secret = host, port, user, secret
        self._on_up = on_up
        self._events: asyncio.Queue[Message] = asyncio.Queue(MAX_EVENTS)
        self._manager: _Connection | None = None
        self._owner: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self.state: State = "connecting"
        self.reason = f"connecting to {host}:{port}"
        self.dropped = 0
        self.logins = 0

    async def start(self) -> None:
        """Connect, and again whenever the connection is lost, until `close`."""
        self._owner = asyncio.create_task(self._keep_up(), name="ami")

    async def close(self) -> None:
        """For good."""
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.gather(self._owner, return_exceptions=True)
        self._set("closed", "closed")

    async def settled(self, seconds: float) -> None:
        """Until the first attempt to connect has come to an end, well or not; at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()

    async def action(self, name: str, **fields: str) -> Message:
        """Asterisk's response to an action. It is never sent twice.

        Raises Refused for a value that could be read as more than one line, AsteriskUnavailable when the link is
        down: its AnswerLost where the action may have been done all the same, AsteriskRefused where Asterisk says no.
        """
        if self._manager is None or self.state != "up":
            raise AsteriskUnavailable(f"the manager interface is not there: {self.reason}")
        return await self._manager.act(name, fields)

    async def calls(self) -> set[str]:
        """The Linkedid of every call that Asterisk has at this moment. Raises AsteriskUnavailable."""
        return {linked for linked, _ in await self._channels()}

    async def calls_and_channels(self) -> set[str]:
        """The same, and the Uniqueid of every channel: a call that was joined to another one goes on under that."""
        return {each for both in await self._channels() for each in both}

    async def _channels(self) -> list[tuple[str, str]]:
        if self._manager is None:
            raise AsteriskUnavailable(self.reason)
        listed = await self._manager.listed("CoreShowChannels")
        return [(each["Linkedid"], each["Uniqueid"]) for each in listed if {"Linkedid", "Uniqueid"} <= each.keys()]

    async def listed(self, name: str) -> list[Message]:
        """What a list action answers, without the event that ends the list. Raises AsteriskUnavailable."""
        if self._manager is None:
            raise AsteriskUnavailable(self.reason)
        return await self._manager.listed(name)

    async def events(self) -> AsyncIterator[Message]:
        """Every event, in order; for one consumer."""
        while True:
            yield await self._events.get()

    # --- the owner ---

    async def _keep_up(self) -> None:
        pause = FIRST_PAUSE
        while True:
            lasted = await self._one_connection()
            pause = FIRST_PAUSE if lasted else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311  no secret

    async def _one_connection(self) -> bool:
        """From connecting to the loss of the connection; whether it ever was up."""
        manager = self._manager = _Connection(self._take, host=self._host, port=self._port)
        try:
            async with asyncio.timeout(ACTION_SECONDS):
                await manager.connect()
                await manager.act("Login", {"Username": self._user, "Secret": self._secret, "Events": "on"})
        except OSError as wrong:
            reason = "no answer" if isinstance(wrong, TimeoutError) else (wrong.strerror or str(wrong))
            self._set("down", f"cannot connect to {self._host}:{self._port}: {reason}")
        except AsteriskRefused as wrong:
            told = f"the manager interface refused user {self._user} ({wrong}); check AIGUILLAGE_AMI_SECRET"
            self._set("refused", told)
        except AsteriskUnavailable as wrong:
            self._set("down", f"cannot log in to {self._host}:{self._port}: {wrong}")
        else:
            self.logins += 1
            self._set("up", f"logged in to {self._host}:{self._port}")
            await self._live(manager)
            return True
        finally:
            manager.abort()
            self._manager = None
        return False

    async def _live(self, manager: "_Connection") -> None:
        """Until the connection is lost or a heartbeat stays unanswered."""
        coming_up = asyncio.create_task(self._tell_up(), name="ami-up")
        try:
            while not manager.lost.is_set():
                await manager.act("Ping", {})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await manager.lost.wait()
            self._set("down", f"lost the connection to {self._host}:{self._port}")
        except AsteriskUnavailable:
            self._set("down", f"{self._host}:{self._port} does not answer any more")
        finally:
            coming_up.cancel()
            await asyncio.gather(coming_up, return_exceptions=True)

    async def _tell_up(self) -> None:
        try:
            await self._on_up()
        except Exception:  # what the owner does with it must not take the link down
            log.exception("ami_on_up_failed")

    def _take(self, message: Message) -> None:
        try:
            self._events.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped += 1

    def _set(self, state: State, reason: str) -> None:
        if (state, reason) != (self.state, self.reason):
            tell = {"up": log.info, "closed": log.info, "refused": log.error}.get(state, log.warning)
            tell("ami", state=state, reason=reason)
        self.state, self.reason = state, reason
        self._settled.set()


SYSTEM_ACTIONS = frozenset({"Reload", "DBPut"})
"""What needs the write class system."""


class TwoUsers:
    """Asks over the link as the service does; what needs the write class system, as the one user who has it, over a
    connection for that alone.

    Where no such user was made (AIGUILLAGE_AMI_SYSTEM_SECRET is empty), the service's own has it.
    """

    def __init__(self, link: ManagerLink, settings: Settings) -> None:
        self._link, self._settings = link, settings

    async def action(self, name: str, **fields: str) -> Message:
        """Raises as ManagerLink.action."""
        if name in SYSTEM_ACTIONS and self._link.state == "up":
            return await ask_once(self._settings, name, **fields)
        return await self._link.action(name, **fields)

    async def reload(self, module: str) -> None:
        """Let `module` read its files again. Raises as ManagerLink.action."""
        await self.action("Reload", Module=module)


async def ask_once(settings: Settings, name: str, **fields: str) -> Message:
    """Asterisk's response to one action, over a connection for it alone; for whoever has no link.

    Raises as ManagerLink.action does.
    """
    place = f"{settings.ami_host}:{settings.ami_port}"
    user, secret, setting = settings.ami_user, settings.ami_secret, "AIGUILLAGE_AMI_SECRET"
    if name in SYSTEM_ACTIONS and settings.ami_system_secret.get_secret_value():
        user, secret = settings.ami_system_user, settings.ami_system_secret
        setting = "AIGUILLAGE_AMI_SYSTEM_SECRET"
    manager = _Connection(_ignore, host=settings.ami_host, port=settings.ami_port)
    try:
        async with asyncio.timeout(ACTION_SECONDS):
            await manager.connect()
            await _log_in(manager, {"Username": user, "Secret": secret.get_secret_value(), "Events": "off"}, setting)
        return await manager.act(name, fields)
    except OSError as wrong:
        raise AsteriskUnavailable(f"the manager interface at {place} does not answer: {wrong}") from None
    finally:
        manager.abort()


async def _log_in(manager: "_Connection", login: Mapping[str, str], setting: str) -> None:
    try:
        await manager.act("Login", login)
    except AsteriskRefused as wrong:
        told = (
            f"the manager interface refused user {login['Username']} ({wrong}); check {setting}, and restart Asterisk"
        )
        raise AsteriskRefused(told) from None


def _ignore(message: Message) -> None:
    """For a connection that asks for no events."""


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """panoramisk's protocol, fed whole packets: bytes are decoded once they are complete.

    Events that answer no action, a score for each call, are read by `event_of`: panoramisk takes four times as long.

    Bytes that are no text are replaced. panoramisk would leave them out: from `\\r\\xae\\n` of a caller it makes a line
    end, and two of them end a packet, after which the caller's next words would be an event of Asterisk.
    """

    encoding = "utf-8"
    _received = b""
    _rest: asyncio.TimerHandle | None = None

    def read_on(self) -> None:
        """Read what comes as soon as it comes."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def _read_later(self) -> None:
        if self._rest is None and not self.transport.is_closing():
            self.transport.pause_reading()
            self._rest = asyncio.get_running_loop().call_later(TOGETHER, self.read_on)

    def data_received(self, data: bytes) -> None:
        self._received += data
        *packets, self._received = self._received.split(b"\r\n\r\n")
        for packet in packets:
            if packet.startswith(b"Event: ") and b"\nactionid:" not in packet.lower():
                self.factory.take(event_of(packet))
            else:
                super().data_received(packet.decode("utf-8", "replace").encode() + b"\r\n\r\n")
        if len(self._received) > MAX_PACKET:
            self.transport.abort()
        elif self.factory is not None and not self.factory.asked:  # none before the greeting has been read
            self._read_later()

    def handle_message(self, message: Any) -> None:
        """An event may answer an action too; and an event that calls itself Shutdown, which a caller's bytes could
        forge, ends nothing: Asterisk closes the connection when it goes. A packet that names its action twice, which
        those bytes could do as well, answers none."""
        if "event" in message:
            self.factory.dispatch(message)
        if not all(isinstance(each, str) for each in (message.id or "", message.action_id or "")):
            return
        if "response" in message or _text(message.get("event", "")).lower() != "shutdown":
            waiting = self.responses.get(message.id)
            if waiting is not None:
                super().handle_message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        unanswered = [action.future for action in self.responses.values() if not action.future.done()]
        if self._rest is not None:
            self._rest.cancel()
        super().connection_lost(exc)
        for future in unanswered:
            if not future.done():
                future.cancel()


class _Connection(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """A Manager for one connection: it neither logs in, pings nor reconnects by itself. `asked`: actions that wait for
    their answer."""

    asked = 0

    def __init__(self, take: Callable[[Message], None], **config: Any) -> None:
        super().__init__(protocol_factory=_Protocol, loop=asyncio.get_running_loop(), **config)
        self._take = take
        self.lost = asyncio.Event()

    def connection_made(self, f: "asyncio.Task[Any]") -> None:
        if f.cancelled() or f.exception() is not None:
            return  # whoever awaits connect() has the reason
        super().connection_made(f)

    def ping(self) -> None:
        """The heartbeat is the link's."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def take(self, event: Message) -> None:
        self._take(event)

    def dispatch(self, event: Any) -> list[str]:
        self._take({str(key): _text(value) for key, value in event.items()})
        return []

    async def act(self, name: str, fields: Mapping[str, str]) -> Message:
        """Asterisk's response."""
        response = await self._answered(name, fields, as_list=False)
        if not response.success:
            raise AsteriskRefused(f"{name}: {response.message or 'refused'}")
        return {str(key): _text(value) for key, value in response.items()}

    async def listed(self, name: str) -> list[Message]:
        """The events that a list action answers with, without the one that ends the list."""
        answers = await self._answered(name, {}, as_list=True)
        if not answers[0].success:
            raise AsteriskRefused(f"{name}: {answers[0].message or 'refused'}")
        return [{str(key): _text(value) for key, value in each.items()} for each in answers[1:-1]]

    async def _answered(self, name: str, fields: Mapping[str, str], *, as_list: bool) -> Any:
        for text in (name, *fields, *fields.values()):
            if _CONTROL.search(text):
                raise Refused(f"AMI action {name}: a value holds a line end or another control character")
        if self.protocol is None or self.lost.is_set():
            raise AsteriskUnavailable("the connection is lost")
        self.asked += 1
        self.protocol.read_on()
        try:
            future = self.send_action({"Action": name, **fields}, as_list=as_list)
            # Not awaited directly: a lost connection cancels it, which must not look like our own cancellation.
            done, _ = await asyncio.wait([future], timeout=ACTION_SECONDS)
        finally:
            self.asked -= 1
        if not done:
            raise AnswerLost(f"Asterisk did not answer {name} in {ACTION_SECONDS:.0f} s")
        if future.cancelled():
            raise AnswerLost("the connection was lost")
        return future.result()

    def abort(self) -> None:
        """End the connection at once."""
        if self.pinger is not None:
            self.pinger.cancel()
        self.lost.set()
        if self.protocol is not None:
            self.protocol.transport.abort()


def event_of(packet: bytes) -> Message:
    """The headers of an event; a header that stands twice has a line for each of its values."""
    message: dict[str, str] = {}
    for line in packet.decode("utf-8", "replace").split("\r\n"):
        key, separator, value = line.partition(":")
        if separator:
            value = value.removeprefix(" ")
            message[key] = f"{message[key]}\n{value}" if key in message else value
    return message


def _text(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else str(value)
