"""The event loop that calls are answered on: uvloop's where it is installed, else Python's own.

Calls share one process with imports, proofs and passwords, which work in threads beside the loop. Two things would let
them wait: a thread that computes gives way only every 5 ms, at each of the few times that an answer needs; and a full
garbage collection, which any thread can set off, holds everybody until it has visited all objects.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

try:
    import uvloop
except ImportError:  # not made for every platform and every new Python
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop

GIVE_WAY = 0.0005
"""Seconds after which a thread that computes gives way to the loop."""


def run(service: Coroutine[Any, Any, None]) -> None:
    """Until it ends."""
    sys.setswitchinterval(GIVE_WAY)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(service)


def keep() -> None:
    """What is there now stays for long: collections do not visit it any more. Takes no time."""
    gc.freeze()


def tidy() -> None:
    """Collect all garbage, that among what was kept too, and keep the rest. Takes a tenth of a second and more."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
