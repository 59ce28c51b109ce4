"""An operator that goes silent at a real Asterisk: it is noticed, and calls are tried all the same."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest

from aiguillage.asterisk import trunks
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.trunks import TrunkStatus
from tests.asterisk.private import AMI_SECRET, AMI_USER, Stage


class Operator(asyncio.DatagramProtocol):
    """Answers OPTIONS as long as it is `awake`; `heard` are the first lines of all requests."""

    def __init__(self) -> None:
        self.awake, self.heard = True, list[str]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: object) -> None:
        first, *rest = data.decode("latin-1").split("\r\n")
        self.heard.append(first)
        if self.awake and first.startswith("OPTIONS"):
            kept = [each for each in rest if each.partition(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}]
            answer = "\r\n".join(["SIP/2.0 404 Not Found", *kept, "Content-Length: 0", "", ""])
            self.transport.sendto(answer.encode("latin-1"), cast("tuple[str, int]", address))


async def nothing() -> None:
    pass


@pytest.fixture
def hurried(staged: Stage) -> Iterator[Stage]:
    """Operators are asked every other second."""
    file = staged.asterisk.etc / "generated/pjsip.conf"
    before = file.read_text("utf-8")
    watching = "contact = sip:{}\nqualify_frequency = {}\n"
    written = watching.format(staged.trunk, 60)
    assert written in before
    file.write_text(before.replace(written, watching.format(staged.trunk, 2) + "qualify_timeout = 1\n"), "utf-8")
    yield staged
    file.write_text(before, "utf-8")
    staged.asterisk.console("module reload res_pjsip.so")


@pytest.fixture
async def link(hurried: Stage) -> AsyncIterator[ManagerLink]:
    link = ManagerLink(host="127.0.0.1", port=hurried.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing)
    await link.start()
    await link.settled(5)
    async with asyncio.timeout(30):
        # A reload that meets another one, of the story before, may come to nothing.
        while not re.search(r"qualify_frequency\s*: 2\b", hurried.asterisk.console("pjsip show aor watch_operator")):
            hurried.asterisk.console("module reload res_pjsip.so")
            await asyncio.sleep(0.5)
    yield link
    await link.close()


async def until(link: ManagerLink, status: TrunkStatus) -> None:
    """Asterisk may keep to the time of the next question that it had set before the reload: once a minute."""
    async with asyncio.timeout(75):
        async for message in link.events():
            if trunks.heard(message) == status:
                return


async def found(link: ManagerLink, *, answers: bool, seconds: int = 5) -> bool:
    """Whether that is what Asterisk says when it is asked: a moment after it has told."""
    for _ in range(seconds * 10):
        if await trunks.answers(link, "operator") == answers:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_an_operator_goes_and_comes_back(hurried: Stage, link: ManagerLink) -> None:
    host, port = hurried.trunk.split(":")
    loop = asyncio.get_running_loop()
    transport, operator = await loop.create_datagram_endpoint(Operator, local_addr=(host, int(port)))
    try:
        # Not told, where the story before had left it so.
        assert await found(link, answers=True, seconds=75)

        operator.awake = False
        await until(link, TrunkStatus("operator", answers=False))
        assert await found(link, answers=False)
        channel = "PJSIP/+32499000001@operator"
        await link.action("Originate", Channel=channel, Application="Wait", Data="1", Timeout="1000", Async="true")
        async with asyncio.timeout(5):
            while not any(each.startswith("INVITE") for each in operator.heard):  # noqa: ASYNC110  nobody wakes us
                await asyncio.sleep(0.05)

        operator.awake = True
        await until(link, TrunkStatus("operator", answers=True))
    finally:
        transport.close()
