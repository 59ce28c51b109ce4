"""The event loop that calls are answered on: uvloop's where it is installed, else Python's own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

try:
    import uvloop
except ImportError:  # not made for every platform and every new Python
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop


def run(service: Coroutine[Any, Any, None]) -> None:
    """Until it ends."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(service)
