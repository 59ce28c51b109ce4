"""A caller never waits for a router that is not well: the last resort rings soon, whatever is wrong with it.

The router is given 1.5 s (extensions.conf); 2.5 s from the INVITE to the first phone that rings is a generous bound.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from aiguillage.simulator.telephones import Telephones
from tests.asterisk.private import Stage

BOUND = 2.5
LAST_RESORT = {"sophie", "tom"}

Router = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def closing_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def closing_without_a_command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\n\n")


async def half_a_command_and_a_pause(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Asterisk reads on for the rest of a line and heeds nothing else, neither its deadline nor the caller's hangup
    (run_agi of res_agi.c); so it is up to the router to close, and Listener does within two seconds."""
    writer.write(b'EXEC MSet "STEPS=1,STEP_1=hangup,STEP_1_CAU')
    await asyncio.sleep(2)


async def half_a_command_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\n\n")
    writer.write(b'EXEC MSet "STEPS=1,STEP_1=hangup,STEP_1_CAU')
    await writer.drain()


async def half_an_itinerary(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Whole as a command, but it does not end in the marker."""
    await reader.readuntil(b"\n\n")
    writer.write(b'EXEC MSet "STEPS=1,STEP_1=hangup,STEP_1_CAUSE=21"\n')
    await reader.readline()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff" * 50_000 + b"\nHTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def a_command_that_lasts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"EXEC Wait 30\n")
    await reader.read()


SICK_ROUTERS = [
    mute,
    closing_at_once,
    closing_without_a_command,
    half_a_command_and_a_pause,
    half_a_command_and_close,
    half_an_itinerary,
    garbage,
    a_command_that_lasts,
]


@asynccontextmanager
async def answered_by(router: Router, port: int) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await router(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)


async def seconds_until_the_last_resort_rings(staged: Stage, telephones: Telephones) -> float:
    """From the INVITE; then the caller hangs up, and nothing may be left in Asterisk."""
    for endpoint in LAST_RESORT:
        await telephones.register(endpoint, staged.site.passwords[endpoint])
    began = time.monotonic()
    leg = await telephones.call("+32471000201", "+3271000001")
    async with asyncio.timeout(6):
        while len(telephones.ringings) < len(LAST_RESORT):  # noqa: ASYNC110  (the phones tell nothing else)
            await asyncio.sleep(0.01)
    took = time.monotonic() - began
    assert {ringing.who for ringing in telephones.ringings} == LAST_RESORT
    await leg.hang_up()
    await telephones.wait_quiet(2)
    await no_channel_is_left(staged)
    return took


async def no_channel_is_left(staged: Stage) -> None:
    async with asyncio.timeout(2):
        while await asyncio.to_thread(staged.channels):  # noqa: ASYNC110  (Asterisk is only to be asked)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("router", SICK_ROUTERS)
async def test_the_last_resort_rings_soon_beside_a_sick_router(
    staged: Stage, telephones: Telephones, router: Router
) -> None:
    async with answered_by(router, staged.agi_port):
        assert await seconds_until_the_last_resort_rings(staged, telephones) < BOUND


async def test_the_last_resort_rings_at_once_without_a_router(staged: Stage, telephones: Telephones) -> None:
    assert await seconds_until_the_last_resort_rings(staged, telephones) < 0.5


async def test_the_deadline_does_not_cut_the_call_that_it_saved(staged: Stage, telephones: Telephones) -> None:
    telephones.behave("sophie", "answer")
    await telephones.register("sophie", staged.site.passwords["sophie"])
    async with answered_by(mute, staged.agi_port):
        leg = await telephones.call("+32471000201", "+3271000001")
        await leg.wait_answered(BOUND)
        await asyncio.sleep(2)
        assert leg.state == "answered"
        await leg.hang_up()
        await telephones.wait_quiet(2)
    await no_channel_is_left(staged)


async def test_a_caller_who_gives_up_before_the_deadline_leaves_nothing(staged: Stage, telephones: Telephones) -> None:
    async with answered_by(mute, staged.agi_port):
        leg = await telephones.call("+32471000201", "+3271000001")
        await asyncio.sleep(0.3)
        await leg.hang_up()
        await no_channel_is_left(staged)
    assert telephones.ringings == ()
