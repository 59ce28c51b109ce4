"""A line to Asterisk's manager interface that can be cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.calls.system import System
from tests.ports import free_port


class Line:
    """Hands on whatever comes, both ways, until it is cut. `cuts` counts the connections that were."""

    def __init__(self, port: int, to: int) -> None:
        self.port, self._to = port, to
        self.cuts = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers += [writer, there_writer]
            await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        writer.transport.abort()

    def cut(self) -> None:
        """As a cable does: neither side is told in words."""
        self.cuts += bool(self._writers)
        while self._writers:
            self._writers.pop().transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@contextlib.asynccontextmanager
async def over_a_line(system: System) -> AsyncIterator[Line]:
    """Within the block the service reaches the manager interface over the line."""
    settings, line = system.settings, Line(free_port(), system.settings.ami_port)
    server = await asyncio.start_server(line.serve, "127.0.0.1", line.port)
    await _restart(system, settings.model_copy(update={"ami_port": line.port}))
    try:
        yield line
    finally:
        await _restart(system, settings)
        line.cut()
        server.close()


async def _restart(system: System, settings: object) -> None:
    await asyncio.to_thread(system.stop_service)
    system.settings = settings  # type: ignore[assignment]
    await asyncio.to_thread(system.start_service)


@contextlib.asynccontextmanager
async def cut_every(seconds: float, line: Line) -> AsyncIterator[None]:
    async def again_and_again() -> None:
        while True:
            await asyncio.sleep(seconds)
            line.cut()

    task = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
