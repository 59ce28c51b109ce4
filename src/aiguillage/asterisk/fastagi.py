"""The FastAGI listener: reads what Asterisk tells of a call, answers with one command, closes.

Ours stands in front of panoramisk's `Request`, because panoramisk 1.4's own handler spins for ever when a connection
ends early, waits for ever for a slow one, and lets the last of two equal headers win.
docs/decisions/0003-fastagi-listener.md has the list.
"""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from panoramisk import fast_agi

from aiguillage.errors import AiguillageError, CallGone, Refused, Unavailable

log = structlog.get_logger()

HEADER_SECONDS = 0.5
ANSWER_SECONDS = 1.0
"""Within Asterisk's own deadline of 1.5 s (extensions.conf): a late answer is given up here first."""
REPLY_SECONDS = 1.0
MAX_HEADER = 16 * 1024
MAX_LINES = 64
MAX_COMMAND = 8190
"""Bytes before the line end (AGI_BUF_LEN of res_agi.c); Asterisk runs what is beyond as a command of its own."""
MAX_CALLS = 200
"""Questions at once; beyond, the connection is closed at once and Asterisk takes its own timetable."""

_KEY = re.compile(r"agi_[a-z0-9_]+")
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


Route = Callable[[AgiHeader], Awaitable[str]]


def parse_header(block: bytes) -> AgiHeader:
    """The header block, up to its empty line.

    A caller may have put line ends into values: a key that stands twice is refused, whichever is the true one, and so
    is an argument that anything but arguments follows: Asterisk writes them last. Raises HeaderRefused.
    """
    if len(block) > MAX_HEADER:
        raise HeaderRefused("the header is too long")
    lines = block.decode("utf-8", "replace").rstrip("\r\n").split("\n")
    if len(lines) > MAX_LINES:
        raise HeaderRefused("the header has too many lines")
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


def _known(value: str) -> str:
    return "" if value == "unknown" else value


def _arguments(values: Mapping[str, str]) -> tuple[str, ...]:
    """agi_arg_1, agi_arg_2 … which end the block. Raises HeaderRefused where they do not."""
    written = [key for key in values if key.startswith("agi_arg_")]
    expected = [f"agi_arg_{number}" for number in range(1, len(written) + 1)]
    if written != expected or [*values][len(values) - len(written) :] != expected:
        raise HeaderRefused("the header's arguments do not stand in their order at its end")
    return tuple(values[key] for key in written)


class Question(fast_agi.Request):  # type: ignore[misc]  # panoramisk is untyped
    """panoramisk's request, with a `send_command` that cannot inject, hang, or take one line for another."""

    async def send_command(self, command: str) -> dict[str, Any]:
        """Asterisk's reply: `status_code`, `result`, and the line itself as `msg`.

        Raises Refused for a command that cannot be one line, CallGone when the connection ends or stays silent.
        """
        if _NOT_ONE_LINE.search(command) or len(line := command.encode()) > MAX_COMMAND:
            raise Refused(f"an AGI command must be one line of at most {MAX_COMMAND} bytes without control characters")
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                self.writer.write(line + b"\n")
                await self.writer.drain()
                return await self._reply()
        except (ConnectionError, ValueError, TimeoutError) as wrong:
            raise CallGone(f"Asterisk did not reply: {type(wrong).__name__}") from None

    async def _reply(self) -> dict[str, Any]:
        while True:
            raw: bytes = await self.reader.readline()
            if not raw.endswith(b"\n"):
                raise CallGone("Asterisk closed the connection")
            text = _CONTROL.sub("", raw.decode("utf-8", "replace"))
            if text == "HANGUP":  # out of band: the command's own reply still follows
                continue
            if text.startswith("520-"):
                continue  # the usage text; its last line begins with "520 "
            match = re.match(r"(\d{3})(?: result=(\S*))?", text)
            if match and match[1] != "100":
                return {"status_code": int(match[1]), "result": match[2] or "", "msg": text}


KINDS = ("answered", "refused_header", "too_slow", "gone", "busy", "failed")
"""How an exchange ends."""


class Listener:
    """Answers the scripts of `routes`; each route gets the header and returns the one command to send.

    `counts` by KINDS.
    """

    def __init__(self, routes: Mapping[str, Route], host: str, port: int) -> None:
        self._routes, self._host, self._port = dict(routes), host, port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._accept, self._host, self._port, limit=MAX_HEADER)
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
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MAX_CALLS:
            self.counts["busy"] += 1
            writer.transport.abort()
            return
        task = asyncio.create_task(self._answer(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            kind = await self._exchange(reader, writer)
            self.counts[kind] += 1
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(HEADER_SECONDS):
                    await writer.wait_closed()
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """One call's question and answer; says how it went. An error is logged once, here."""
        try:
            async with asyncio.timeout(HEADER_SECONDS):
                header = parse_header(await reader.readuntil(b"\n\n"))
            route = self._routes.get(header.script)
            if route is None:
                raise HeaderRefused(f"there is no script {header.script!r}")
        except (Refused, asyncio.LimitOverrunError, asyncio.IncompleteReadError, OSError) as wrong:
            # TimeoutError is an OSError.
            log.warning("agi_header_refused", error=_in_words(wrong))
            return "refused_header"
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                command = await route(header)
        except TimeoutError:
            log.error("agi_too_slow", call=header.uniqueid, script=header.script)
            return "too_slow"
        except AiguillageError as wrong:
            log.error("agi_not_answered", call=header.uniqueid, error=str(wrong))
            return "failed"
        except Exception:  # a fault of ours must not leave the caller waiting
            log.exception("agi_failed", call=header.uniqueid, script=header.script)
            return "failed"
        question = Question(app=self, headers=header, reader=reader, writer=writer)
        try:
            reply = await question.send_command(command)
        except Refused as wrong:
            log.error("agi_not_answered", call=header.uniqueid, error=str(wrong))
            return "failed"
        except AiguillageError as wrong:
            log.info("agi_call_gone", call=header.uniqueid, error=str(wrong))
            return "gone"
        if reply["status_code"] != 200 or reply["result"] == "-2":
            log.error("agi_command_refused", call=header.uniqueid, reply=reply["msg"])
            return "failed"
        return "answered"


def _in_words(wrong: Exception) -> str:
    match wrong:
        case TimeoutError():
            return "no whole header in time"
        case asyncio.LimitOverrunError():
            return "the header is too long"
        case asyncio.IncompleteReadError():
            return "the connection ended within the header"
        case _:
            return str(wrong)


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
