"""The FastAGI listener: reads what Asterisk tells of a call, answers with one command, closes.

Ours stands in place of panoramisk 1.4's handler, which spins for ever when a connection ends early, waits for ever for
a slow one, and lets the last of two equal headers win; Asterisk's replies are read by panoramisk.
docs/decisions/0003-fastagi-listener.md has the list.
"""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast

import structlog
from panoramisk.utils import parse_agi_result

from aiguillage.errors import AiguillageError, Refused, Unavailable

log = structlog.get_logger()

HEADER_SECONDS = 0.75
"""Asterisk writes its header in a third of a millisecond; but we may be late to read it, beside an import."""
ANSWERED_BY = 1.2
"""Seconds since the connection. Within Asterisk's own deadline of 1.5 s (extensions.conf): a late answer is given up
here first.
"""
REPLY_SECONDS = 1.0
MAX_HEADER = 16 * 1024
MAX_LINES = 64
MAX_COMMAND = 8190
"""Bytes before the line end (AGI_BUF_LEN of res_agi.c); Asterisk runs what is beyond as a command of its own."""
BACKLOG = 4096
"""Connections that the system takes for us while we cannot. Each call leaves one behind; after the last, Asterisk would
wait two seconds for a connection (MAX_AGI_CONNECT of res_agi.c), whatever its deadline. Linux allows no more.
"""
MAX_CALLS = 200
"""Questions at once; beyond, the connection is closed at once and Asterisk takes its own timetable."""

_KEY = re.compile(r"agi_[a-z0-9_]+")
_STATUS = re.compile(rb"[0-9]{3}(?![0-9])")
_USUAL = re.compile(r"agi_[a-z0-9_]+: [^\x00-\x1f\x7f-\x9f]*(?:\nagi_[a-z0-9_]+: [^\x00-\x1f\x7f-\x9f]*)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of a character that UTF-8 cannot write."""


class HeaderRefused(Refused):
    """What came in is not a header block that Asterisk writes."""


@dataclass(frozen=True, slots=True)
class AgiHeader:
    """What Asterisk tells of the call (res_agi.c). `caller` and `caller_name` are empty where it knows none."""

    script: str
    uniqueid: str
    channel: str
    caller: str
    caller_name: str
    called: str
    context: str
    language: str
    args: tuple[str, ...]


Route = Callable[[AgiHeader], str | Awaitable[str]]
"""What takes time is awaited; what does not is answered at once."""


def parse_header(block: bytes) -> AgiHeader:
    """The header block, up to its empty line.

    A caller may have put line ends into values: a key that stands twice is refused, whichever is the true one, and so
    is an argument that anything but arguments follows: Asterisk writes them last. Raises HeaderRefused.
    """
    if len(block) > MAX_HEADER:
        raise HeaderRefused("the header is too long")
    text = block.decode("utf-8", "replace").rstrip("\r\n")
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise HeaderRefused("the header has too many lines")
    values = dict([line.split(": ", 1) for line in lines]) if _USUAL.fullmatch(text) else {}
    if len(values) != len(lines):
        values = _one_by_one(lines)
    if len(lines) < 2 or not lines[1].startswith("agi_network_script: "):
        raise HeaderRefused("the header's second line does not name the script")
    for key in ("agi_uniqueid", "agi_channel"):
        if not values.get(key):
            raise HeaderRefused(f"the header has no {key}")
    return AgiHeader(
        script=values["agi_network_script"].partition("?")[0],
        uniqueid=values["agi_uniqueid"],
        channel=values["agi_channel"],
        caller=_known(values.get("agi_callerid", "")),
        caller_name=_known(values.get("agi_calleridname", "")),
        called=values.get("agi_extension", ""),
        context=values.get("agi_context", ""),
        language=values.get("agi_language", ""),
        args=_arguments(values),
    )


def _one_by_one(lines: list[str]) -> dict[str, str]:
    """The values of a block that is not as usual, without control characters. Raises HeaderRefused."""
    values: dict[str, str] = {}
    for line in lines:
        key, separator, value = line.partition(": ")
        if not separator:
            key, value = line.rstrip(":\r "), ""
        if not _KEY.fullmatch(key):
            raise HeaderRefused("the header has a line that Asterisk does not write")
        if key in values:
            raise HeaderRefused(f"the header has {key} twice")
        values[key] = _CONTROL.sub("", value)
    return values


def _known(value: str) -> str:
    return "" if value == "unknown" else value


def _arguments(values: Mapping[str, str]) -> tuple[str, ...]:
    """agi_arg_1, agi_arg_2 … which end the block. Raises HeaderRefused where they do not."""
    written = [key for key in values if key.startswith("agi_arg_")]
    expected = [f"agi_arg_{number}" for number in range(1, len(written) + 1)]
    if written != expected or [*values][len(values) - len(written) :] != expected:
        raise HeaderRefused("the header's arguments do not stand in their order at its end")
    return tuple(values[key] for key in written)


KINDS = ("answered", "refused_header", "too_slow", "gone", "busy", "failed")
"""How an exchange ends."""


class Listener:
    """Answers the scripts of `routes`; each route gets the header and returns the one command to send.

    `counts` by KINDS.
    """

    def __init__(self, routes: Mapping[str, Route], host: str, port: int) -> None:
        self._routes, self._host, self._port = dict(routes), host, port
        self._server: asyncio.Server | None = None
        self._open: set[_Exchange] = set()
        self._empty = asyncio.Event()
        self.counts: Counter[str] = Counter()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Exchange(self), self._host, self._port, backlog=BACKLOG)
        self._port = self._server.sockets[0].getsockname()[1]

    @property
    def port(self) -> int:
        return self._port

    @property
    def open(self) -> int:
        """Questions that are being answered."""
        return len(self._open)

    async def drain(self, seconds: float) -> None:
        """Take no more calls, let those that are being answered finish within `seconds`, cancel the rest."""
        if self._server is None:
            return
        self._server.close()
        await self._is_empty_within(seconds)
        for exchange in [*self._open]:
            exchange.give_up()
        await self._is_empty_within(HEADER_SECONDS)
        await self._server.wait_closed()
        self._server = None

    async def _is_empty_within(self, seconds: float) -> None:
        self._empty.clear()
        if self._open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._empty.wait()

    # --- for its exchanges ---

    def began(self, exchange: "_Exchange") -> bool:
        """Whether there is room for it."""
        if len(self._open) >= MAX_CALLS:
            self.counts["busy"] += 1
            return False
        self._open.add(exchange)
        return True

    def route(self, script: str) -> Route:
        """Raises HeaderRefused."""
        route = self._routes.get(script)
        if route is None:
            raise HeaderRefused(f"there is no script {script!r}")
        return route

    def is_gone(self, exchange: "_Exchange") -> None:
        self._open.discard(exchange)
        if not self._open:
            self._empty.set()


class _Exchange(asyncio.Protocol):
    """One call's question and its answer. What goes wrong is logged once, here.

    No streams and tasks: most answers are there at once, and take less than those would.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._header: AgiHeader | None = None
        self._answering: asyncio.Future[str] | None = None
        self._is_over = False

    # --- what asyncio tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._listener.began(self):
            self._is_over = True
            self._transport.abort()
            return
        self._began = self._loop.time()
        self._deadline = self._loop.call_later(HEADER_SECONDS, self._refuse_header, "no whole header in time")

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._received += data
        if self._header is None:
            self._read_header()
        elif self._answering is None:
            self._read_reply()
        if len(self._received) > MAX_HEADER and not self._is_over:
            self._has_gone("it says too much")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._header is None:
            self._refuse_header("the connection ended within the header")
        if self._answering is None:  # else what was begun is brought to its end
            self._has_gone("Asterisk closed the connection")
            self._listener.is_gone(self)

    # --- the question ---

    def _read_header(self) -> None:
        block, whole, self._received = self._received.partition(b"\n\n")
        if not whole:
            self._received = block
            if len(block) > MAX_HEADER:
                self._refuse_header("the header is too long")
            return
        try:
            header = parse_header(block)
            route = self._listener.route(header.script)
        except HeaderRefused as wrong:
            self._refuse_header(str(wrong))
            return
        self._header = header
        self._send_what(lambda: route(header))

    def _refuse_header(self, why: str) -> None:
        if not self._is_over:
            log.warning("agi_header_refused", error=why)
            self._end("refused_header")

    # --- the answer ---

    def _answered(self, answering: "asyncio.Future[str]") -> None:
        self._answering = None
        if not self._transport.is_closing():
            self._send_what(answering.result)
            return
        if not answering.cancelled():
            answering.exception()  # nobody is left to be told
        self._has_gone("Asterisk closed the connection")
        self._listener.is_gone(self)

    def _send_what(self, answer: Callable[[], str | Awaitable[str]]) -> None:
        """Send what it returns, at once or when it is there."""
        try:
            found = answer()
            if isinstance(found, str):
                self._send(found)
            else:
                self._answering = asyncio.ensure_future(found)
                self._answering.add_done_callback(self._answered)
                self._wait(self._began + ANSWERED_BY - self._loop.time(), self._is_too_slow)
        except AiguillageError as wrong:
            log.error("agi_not_answered", call=self._call, error=str(wrong))
            self._end("failed")
        except Exception:  # a fault of ours must not leave the caller waiting
            log.exception("agi_failed", call=self._call, script=self._script)
            self._end("failed")

    def _send(self, command: str) -> None:
        """The one command, and that no other follows: so Asterisk goes on without waiting until we have read its reply.

        Raises Refused for a command that cannot be one line.
        """
        if _NOT_ONE_LINE.search(command) or len(line := command.encode()) > MAX_COMMAND:
            raise Refused(f"an AGI command must be one line of at most {MAX_COMMAND} bytes without control characters")
        self._transport.write(line + b"\n")
        self._transport.write_eof()
        self._wait(REPLY_SECONDS, self._has_gone, "no reply in time")

    def _is_too_slow(self) -> None:
        log.error("agi_too_slow", call=self._call, script=self._script)
        self._end("too_slow")

    # --- Asterisk's reply ---

    def _read_reply(self) -> None:
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            if self._is_over or not _STATUS.match(line):
                continue  # HANGUP comes in between; the command's own reply still follows
            text = _CONTROL.sub("", line.decode("utf-8", "replace"))
            reply = parse_agi_result(text)
            # panoramisk leaves out the 200 where the command was run although the caller had hung up.
            status, (result, _) = reply.get("status_code", 200), reply.get("result", ("", ""))
            if status == 200 and result != "-2":
                self._end("answered")
            elif status != 100:
                log.error("agi_command_refused", call=self._call, reply=text)
                self._end("failed")

    def _has_gone(self, why: str) -> None:
        if not self._is_over:
            log.info("agi_call_gone", call=self._call, error=why)
            self._end("gone")

    # --- the end ---

    def give_up(self) -> None:
        self._has_gone("the service stops")
        self._transport.abort()

    def _end(self, kind: str) -> None:
        self._is_over = True
        self._listener.counts[kind] += 1
        self._deadline.cancel()
        if self._answering is not None:
            self._answering.cancel()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._deadline = self._loop.call_later(HEADER_SECONDS, self._transport.abort)

    def _wait(self, seconds: float, then: Callable[..., None], *told: str) -> None:
        self._deadline.cancel()
        self._deadline = self._loop.call_later(seconds, then, *told)

    @property
    def _call(self) -> str:
        return self._header.uniqueid if self._header else ""

    @property
    def _script(self) -> str:
        return self._header.script if self._header else ""


async def exchange(host: str, port: int, script: str, header: Mapping[str, str]) -> str:
    """One real AGI exchange as Asterisk has it: the command that is answered. For health checks and tests.

    Raises Unavailable when nobody listens, or when no command comes within two seconds.
    """
    lines = {"agi_network": "yes", "agi_network_script": script, **header}
    block = "".join(f"{key}: {value}\n" for key, value in lines.items()) + "\n"
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection(host, port)
            with contextlib.closing(writer):
                writer.write(block.encode())
                command = await reader.readline()
                writer.write(b"200 result=1\n")
                await writer.drain()
    except OSError as wrong:
        reason = "no answer in two seconds" if isinstance(wrong, TimeoutError) else wrong.strerror
        raise Unavailable(f"FastAGI at {host}:{port} does not answer: {reason}") from None
    if not command.endswith(b"\n"):
        raise Unavailable(f"FastAGI at {host}:{port} closed the connection without a command")
    return command.decode().rstrip("\n")
