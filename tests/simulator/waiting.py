import asyncio
from collections.abc import Callable


async def soon(happened: Callable[[], object], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110  (Asterisk signals nothing when it has written a file)
            await asyncio.sleep(0.02)
