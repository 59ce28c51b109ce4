"""The event loop that calls are answered on: uvloop's where it is installed, else Python's own.

Calls share one process with imports, proofs and passwords, which work in threads beside the loop. A full garbage
collection, which any thread can set off, holds everybody until it has visited all objects: so what stays is kept out
of it. How soon threads give way is left as Python has it: at 0.5 ms in place of 5, forty people who sign in at once
wait three times as long, because all threads that wait wake up that often.
"""

import asyncio
import gc
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


def keep() -> None:
    """What is there now stays for long: collections do not visit it any more. Takes no time."""
    gc.freeze()


def tidy() -> None:
    """Collect all garbage, that among what was kept too, and keep the rest. Takes a tenth of a second and more."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
