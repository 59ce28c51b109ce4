"""A receiver of webhooks: a small HTTP server on loopback that keeps what it was sent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
NEVER = b""
"""For an answer: none, however long one waits."""


def status(code: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {code} Said", *headers, "content-length: 0", "", ""]).encode()


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """`answers` are given to the next requests, then OK. `endless` follows each of them for ever."""

    requests: list[Request] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    endless: bytes = b""
    connections: int = 0
    port: int = 0
    _tasks: set["asyncio.Task[None] | None"] = field(default_factory=set)

    async def close(self) -> None:
        """Leave nobody waiting."""
        tasks = [each for each in self._tasks if each is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._tasks.add(asyncio.current_task())
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort() if self.endless else writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in rest)}
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        self.requests.append(Request(line, headers, body))
        answer = self.answers.pop(0) if self.answers else OK
        writer.write(answer)
        await writer.drain()
        while answer == NEVER or self.endless:
            writer.write(self.endless)
            await writer.drain()
            await asyncio.sleep(0 if self.endless else 0.01)
            if reader.at_eof():
                break


@contextlib.asynccontextmanager
async def receiver(
    host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.serve, host, port, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await found.close()
