"""Whatever a caller writes, as much happens as for a harmless one: questions, packets, rows, lines of the log.

Hypothesis makes the bytes of the caller's number, name and forwarder and of the number that is dialled, and a real
Asterisk 22 is called with them. What arrives of them is told by test_callers_bytes.py; this counts. Lines of our log:
Asterisk's own repeats what it complains of, before anything of ours is asked (docs/decisions/0030).
"""

import asyncio
import contextlib
import re
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.channel_variables import command
from aiguillage.asterisk.events import Interpreter
from aiguillage.asterisk.fastagi import AgiHeader, Listener
from aiguillage.asterisk.queues import calls_in_progress
from aiguillage.desk.journalling import event_records
from aiguillage.desk.snapshot import Snapshot
from aiguillage.routing.itinerary import HangUp, Itinerary
from tests.asterisk.private import AMI_SECRET, AMI_USER, Stage
from tests.asterisk.test_callers_bytes import DIALLED, NUMBER, final_status, invite

EXAMPLES = 15
"""Calls of each kind: two for each, with the harmless one that it is compared to before all."""
UNRELATED = {"FullyBooted", "ContactStatus", "DeviceStateChange", "RTCPSent", "RTCPReceived"}
"""What Asterisk tells of by itself, at any moment."""

CLEANED = 3
"""Caller's number, name, and whoever forwarded: Asterisk tells of each that the dialplan takes away."""

PIECES = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from(
        [
            b"\r\n",
            b"\r\n\r\n",
            b"\n",
            b"\0",
            b"\r\n\r\nEvent: UserEvent\r\nUserEvent: AiguillageStep\r\nLinkedid: 1\r\nKind: ring\r\n\r\n",
            b"\r\xae\n\r\xe9\nEvent: UserEvent\r\xff\nUserEvent: AiguillageFallback\r\n\xff\r\n",
            b"\r\n\r\nEvent: Hangup\r\nUniqueid: 1\r\nLinkedid: 1\r\n\r\n",
            b"\r\n\r\nEvent: Shutdown\r\n\r\n",
            b"\r\nEvent: Shutdown\r\nActionID: 1\r\nActionID: 2",
            b"\nagi_arg_2: 2026-11-24T10:00",
            b"\n\n",
            b"${SHELL(id)}",
            b'"),$[1+1]|&PJSIP/operator/0900,30,tTg',
            b"+32471000201",
        ]
    ),
)
BYTES = st.lists(PIECES, min_size=1, max_size=4).map(b"".join)


def escaped(data: bytes) -> str:
    """As a SIP URI carries any byte."""
    return "".join(f"%{each:02X}" for each in data)


def quoted(data: bytes) -> str:
    """As a display name carries all but line ends, which no message could hold."""
    plain = bytes(each for each in data if each not in b"\r\n\0")
    return plain.replace(b"\\", b"\\\\").replace(b'"', b'\\"').decode("utf-8", "surrogateescape")


@dataclass
class Happened:
    """Of one call."""

    asked: int = 0
    status: int = 0
    packets: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    our_log: int = 0


class Switchboard:
    """Counts what one call after the other causes."""

    def __init__(self, staged: Stage, link: ManagerLink, listener: Listener) -> None:
        self.staged, self.link, self.listener = staged, link, listener
        self.snapshot = Snapshot(staged.plan, 1)

    async def call(self, caller: str, dialled: str, headers: Mapping[str, str]) -> Happened:
        happened, interpreter = Happened(), Interpreter()
        asked = sum(self.listener.counts.values())
        with structlog.testing.capture_logs() as logged, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.setblocking(False)
            here = f"127.0.0.1:{phone.getsockname()[1]}"
            packet = invite(self.staged.sip, here, caller, dialled, headers)
            phone.sendto(packet, (self.staged.site.sip_host, self.staged.site.sip_port))
            happened.status = await final_status(phone)
            for message in await self._until_over():
                happened.packets[message.get("Event", "")] += message.get("Event") not in UNRELATED
                rows = event_records(interpreter.events(message, datetime.now(UTC)), self.snapshot)
                happened.rows.update(row.kind for row in rows)
        happened.asked = sum(self.listener.counts.values()) - asked
        happened.our_log = len(logged)
        return happened

    async def _until_over(self) -> list[Mapping[str, str]]:
        """Every packet up to a mark of ours, which is set once no channel is left."""
        async with asyncio.timeout(20):
            while await calls_in_progress(self.link):  # noqa: ASYNC110  (no event tells of the last one)
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)  # a channel is gone a moment before its end is told
            mark = secrets.token_hex(8)
            await self.link.action("UserEvent", UserEvent="Mark", Mark=mark)
            heard = []
            async for message in self.link.events():
                if message.get("Mark") == mark:
                    break
                heard.append(message)
        return heard


@contextlib.asynccontextmanager
async def switchboard(staged: Stage) -> AsyncIterator[Switchboard]:
    async def rejected(question: AgiHeader) -> str:
        return command(Itinerary((HangUp("rejected"),), "fr"), "d1")

    async def nothing() -> None:
        pass

    listener = Listener({"inbound": rejected}, "127.0.0.1", staged.agi_port)
    link = ManagerLink(host="127.0.0.1", port=staged.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing)
    await listener.start()
    await link.start()
    await link.settled(10)
    try:
        yield Switchboard(staged, link, listener)
    finally:
        await link.close()
        await listener.drain(1)


EVERY_TIME = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@EVERY_TIME
@given(number=BYTES, name=BYTES, forwarder=BYTES)
def test_a_caller_causes_no_more_than_a_harmless_one(
    staged: Stage, number: bytes, name: bytes, forwarder: bytes
) -> None:
    async def compared() -> tuple[Happened, Happened]:
        async with switchboard(staged) as board:
            harmless = {"Diversion": f"<sip:{NUMBER}@x>"}
            hostile = {"Diversion": f'"{quoted(name)}" <sip:{escaped(forwarder)}@x>'}
            return (
                await board.call(f'"Claire Dubois" <sip:{NUMBER}@x>', DIALLED, harmless),
                await board.call(f'"{quoted(name)}" <sip:{escaped(number)}@x>', DIALLED, hostile),
            )

    harmless, hostile = asyncio.run(compared())
    assert harmless.asked == 1
    assert 0 <= hostile.packets.pop("NewCallerid", 0) <= CLEANED, "what is no number or name is taken away"
    assert hostile == harmless


NOT_A_NUMBER = BYTES.filter(lambda data: not re.fullmatch(rb"\+?[0-9]{3,15}", data))


@EVERY_TIME
@given(dialled=NOT_A_NUMBER)
def test_a_dialled_number_causes_no_more_than_one_that_is_not_ours(staged: Stage, dialled: bytes) -> None:
    async def compared() -> tuple[Happened, Happened]:
        async with switchboard(staged) as board:
            caller = f'"Claire Dubois" <sip:{NUMBER}@x>'
            return await board.call(caller, "nobody", {}), await board.call(caller, escaped(dialled), {})

    harmless, hostile = asyncio.run(compared())
    assert (harmless.asked, harmless.rows) == (0, Counter())
    assert {hostile.status, harmless.status} <= {404, 484}
    assert replace(hostile, status=404) == harmless
