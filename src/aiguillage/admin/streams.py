"""Answers that go on while something happens: Server-Sent Events."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

EVENT_STREAM = "text/event-stream"


class EventStream(StreamingResponse):
    """Whoever listens may leave at any moment, before the first word too: `told` is closed, and `at_end` called."""

    def __init__(
        self,
        told: AsyncGenerator[str, None],
        headers: Mapping[str, str] | None = None,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(told, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", **(headers or {})})
        self._told, self._at_end = told, at_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with contextlib.aclosing(self._told):
                await super().__call__(scope, receive, send)
        finally:
            self._at_end()
