"""Administrators who are at work all at once, in a process of their own: what they cost is not the callers' phones'."""

import asyncio
import contextlib
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2

CONTACTS = 22_000
LOGINS_PER_SECOND = 20
Deed = Callable[[], Awaitable[httpx2.Response]]


def administer(base: str, token: str, seconds: float) -> Counter[str]:
    """Import a directory of 22,000, prove the plan, sign in twenty people a second; how often each was answered how."""
    return asyncio.run(_administer(base, token, seconds))


async def _administer(base: str, token: str, seconds: float) -> Counter[str]:
    csv, numbers, done = _callers_csv(), itertools.count(), Counter[str]()
    async with httpx2.AsyncClient(timeout=60, headers={"Authorization": f"Bearer {token}"}) as client:

        async def imports() -> httpx2.Response:
            more = {"Content-Type": "text/csv", "If-Match": "*"}
            return await client.post(f"{base}/contacts/import?mode=add&dry_run=false", content=csv, headers=more)

        async def proves() -> httpx2.Response:
            return await client.get(f"{base}/plan/check")

        async def signs_in() -> httpx2.Response:
            """Each from an address of its own: who tries often is refused before anything is hashed."""
            number = next(numbers)
            address = f"127.0.{number // 250}.{number % 250 + 1}"
            transport = httpx2.AsyncHTTPTransport(local_address=address, verify=False)
            guess = {"user": f"nobody-{number}", "password": "a guess of theirs"}
            async with httpx2.AsyncClient(transport=transport, timeout=60) as stranger:
                return await stranger.post(f"{base}/session", json=guess)

        async with (
            _doing("import", imports, done),
            _doing("proof", proves, done),
            _doing("login", signs_in, done, 1 / LOGINS_PER_SECOND),
        ):
            await asyncio.sleep(seconds)
    return done


def _callers_csv() -> str:
    """A directory of invented people, a president in seven."""
    chance = random.Random(22)
    rows = (
        f"Personne {number},+32499{number:06},patro-jumet,{chance.choice(['president', *['parent'] * 6])},fr,"
        for number in range(CONTACTS)
    )
    return "name,numbers,unit,category,language,note\n" + "\n".join(rows)


@contextlib.asynccontextmanager
async def _doing(name: str, deed: Deed, done: Counter[str], pause: float = 0) -> AsyncIterator[None]:
    """Again and again; with `pause`, in seconds, at that pace and without waiting for the one before."""
    running = set[asyncio.Task[None]]()

    async def once() -> None:
        answer = await deed()
        done[f"{name} {answer.status_code}"] += 1

    async def again_and_again() -> None:
        while True:
            task = asyncio.create_task(once())
            running.add(task)
            task.add_done_callback(running.discard)
            await (asyncio.sleep(pause) if pause else asyncio.wait({task}))

    work = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(*running, work, return_exceptions=True)
