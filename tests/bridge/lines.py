"""Asterisk's side of FastAGI, written out by hand for the listener's tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiguillage.asterisk.fastagi import Listener, Route

HEADER = {
    "agi_uniqueid": "1.1",
    "agi_channel": "PJSIP/operator-1",
    "agi_callerid": "unknown",
    "agi_calleridname": "unknown",
    "agi_arg_1": "+3271000001",
}
DONE = b"200 result=0\n"


def block(script: str = "inbound", **values: str) -> bytes:
    lines = {"agi_network": "yes", "agi_network_script": script, **HEADER, **values}
    return "".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n"


class Line:
    """One connection of Asterisk's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def command(self) -> str:
        """The next command, empty where the connection was closed instead."""
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionError):
                return (await self._reader.readline()).decode()
        return ""

    async def closed(self, seconds: float) -> bool:
        """Whether the other side closes within `seconds` without another byte."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                try:
                    return await self._reader.read() == b""
                except ConnectionError:
                    return True
        return False

    async def hang_up(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def listening(**routes: Route) -> AsyncIterator[Listener]:
    """A listener on a port of its own; drained at the end, and nothing may be left of it then."""
    before = asyncio.all_tasks()
    listener = Listener(routes, "127.0.0.1", 0)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.drain(0.2)
        left = {task for task in asyncio.all_tasks() - before if not task.done()}
        assert not left, f"tasks are left: {left}"


@asynccontextmanager
async def line_to(listener: Listener) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    line = Line(reader, writer)
    try:
        yield line
    finally:
        await line.hang_up()
