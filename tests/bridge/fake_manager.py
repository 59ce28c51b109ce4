"""A manager interface that does as it is told, for what a real Asterisk does too rarely."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

SECRET = "not-a-secret"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"

Action = Mapping[str, str]


class FakeManager:
    """`silent` actions get no answer; `seen` holds every action but pings, of all connections, in order."""

    def __init__(self) -> None:
        self.seen: list[Action] = []
        self.pings = 0
        self.connections = 0
        self.silent: set[str] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody listens any more, and the connections are lost."""
        if self._server is not None:
            self._server.close()
            self.lose_connections()
            await self._server.wait_closed()
            self._server = None
        await asyncio.sleep(0.02)  # the connections' tasks see their end

    def lose_connections(self) -> None:
        while self._writers:
            self._writers.pop().transport.abort()

    def say(self, data: bytes) -> None:
        """Write to the newest connection."""
        self._writers[-1].write(data)

    @property
    def names(self) -> list[str]:
        return [action["Action"] for action in self.seen]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        writer.write(BANNER)
        try:
            while True:
                self._answer(await _packet(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, action: Action, writer: asyncio.StreamWriter) -> None:
        name = action["Action"]
        if name == "Ping":
            self.pings += 1
        else:
            self.seen.append(action)
        if name in self.silent:
            return
        denied = name == "Login" and action["Secret"] != SECRET
        response = "Error" if denied or name == "Command" else "Success"
        message = "Authentication failed" if denied else "told"
        answer = f"Response: {response}\r\nActionID: {action['ActionID']}\r\nMessage: {message}\r\n\r\n"
        writer.write(answer.encode())


async def _packet(reader: asyncio.StreamReader) -> Action:
    text = (await reader.readuntil(b"\r\n\r\n")).decode()
    return dict(line.split(": ", 1) for line in text.split("\r\n") if line)


@asynccontextmanager
async def fake_manager() -> AsyncIterator[FakeManager]:
    fake = FakeManager()
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()
