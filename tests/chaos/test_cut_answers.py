"""The router's answer breaks off after each of its bytes, in every way: it is used whole or not at all."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.channel_variables import command
from aiguillage.routing.decide import Call, decide
from tests.asterisk.private import AMI_SECRET, AMI_USER, Stage, stage
from tests.chaos.conftest import LONG, Tell
from tests.required import asterisk_root
from tests.unit.examples import DIRECTORY, PLAN

pytestmark = pytest.mark.xdist_group("chaos")
AT_ONCE = 40
SILENCE = 2.0
"""Seconds until our own listener closes a connection. In the middle of a line Asterisk waits for nothing else."""
ENDS = ("fin", "rst", "silence", "garbage", "long line")

ASKING = """
[test-cut]
exten = s,1,Set(CALLERID(num)=${WHO})
 same = n,Gosub(ask,s,1(inbound,+3271000001,,${EPOCH}))
 same = n,UserEvent(Cut,Case: ${WHO},Ok: ${ROUTE_OK},Steps: ${STEPS},Last: ${STEP_${STEPS}}${STEP_${STEPS}_BOX})
"""


@pytest.fixture(scope="module")
def staged() -> Iterator[Stage]:
    with stage(asterisk_root()) as running:
        file = running.asterisk.etc / "extensions.conf"
        file.write_text(file.read_text("utf-8") + ASKING, "utf-8")
        running.asterisk.console("dialplan reload")
        yield running


async def nothing() -> None:
    pass


@pytest.fixture
async def link(staged: Stage) -> AsyncIterator[ManagerLink]:
    link = ManagerLink(host="127.0.0.1", port=staged.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing)
    await link.start()
    await link.settled(5)
    yield link
    await link.close()


def answer() -> bytes:
    """To an unknown caller in office hours: several steps, and a message box at the end."""
    called = next(iter(PLAN.dids.values())).number
    found = decide(PLAN, DIRECTORY, {}, Call(called, None), datetime(2026, 11, 24, 9, tzinfo=UTC))
    return command(found.itinerary, "0" * 32).encode() + b"\n"


class Router:
    """Who asks says, by the digits of its number, where its answer is cut and how that ends."""

    def __init__(self, whole: bytes) -> None:
        self._whole = whole
        self._open = set[asyncio.Task[None]]()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def over(self) -> None:
        """Every connection is closed."""
        await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            header = (await reader.readuntil(b"\n\n")).decode()
            number = header.partition("agi_callerid: ")[2].partition("\n")[0]
            writer.write(self._whole[: int(number[-5:-1])])
            async with asyncio.timeout(SILENCE):
                await self._end(ENDS[int(number[-1])], reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _end(self, how: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        match how:
            case "rst":
                writer.transport.abort()
            case "silence":
                await asyncio.Event().wait()
            case "garbage":
                writer.write(b"\x00\xff\x1b[2J\n")
                await reader.readline()
            case "long line":
                writer.write(b"A" * 10_240 + b"\n")
                await reader.readline()


@pytest.mark.timeout(900)
async def test_a_broken_answer_is_never_half_used(staged: Stage, link: ManagerLink, tell: Tell) -> None:
    whole = answer()
    cuts = range(0, len(whole) + 1, 1 if LONG else 23)
    cases = [f"{cut:05}{end}" for cut in {*cuts, len(whole) - 1, len(whole)} for end in range(len(ENDS))]
    router = Router(whole)
    server = await asyncio.start_server(router.take, "127.0.0.1", staged.agi_port)
    said: dict[str, tuple[str, ...]] = {}
    came = asyncio.Event()

    async def listen() -> None:
        async for message in link.events():
            if message.get("UserEvent") == "Cut":
                said[message["Case"]] = tuple(message.get(name, "") for name in ("Ok", "Steps", "Last"))
                came.set()

    listening = asyncio.create_task(listen())
    try:
        for number, case in enumerate(cases):
            where = {"Channel": "Local/s@test-cut/n", "Application": "Wait", "Data": "0", "Async": "true"}
            await link.action("Originate", **where, Variable=f"__WHO={case}")
            async with asyncio.timeout(30):
                while number + 1 - len(said) >= AT_ONCE:
                    came.clear()
                    await came.wait()
        async with asyncio.timeout(30):
            while len(said) < len(cases):
                came.clear()
                await came.wait()
    finally:
        listening.cancel()
        server.close()
        await server.wait_closed()
        await router.over()
    used = {case: (steps, last) for case, (ok, steps, last) in said.items() if ok == "1"}
    whole_answers = {case for case in cases if int(case[:5]) == len(whole)}
    (wanted,) = {used[case] for case in whole_answers}
    assert set(used.values()) == {wanted}
    early = sorted(case for case in used if int(case[:5]) < len(whole.rstrip(b'"\n')))
    assert early == [], "an answer was used before its last value was there"
    async with asyncio.timeout(10):
        while await asyncio.to_thread(staged.channels):  # noqa: ASYNC110  Asterisk is only to be asked
            await asyncio.sleep(0.1)
    ends = Counter(ENDS[int(case[-1])] for case in cases)
    tell(f"{len(whole)} bytes, {len(cases)} broken answers {dict(ends)}: {len(used)} whole, no channel left")
