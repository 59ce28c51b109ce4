"""The link to the manager interface stays up by itself, says how it is, and sends nothing twice.

Several stories are named after what panoramisk 1.4 does in their place.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import structlog

from aiguillage.asterisk import ami
from aiguillage.asterisk.ami import ManagerLink, Message
from aiguillage.errors import AsteriskUnavailable, Refused
from tests.bridge.fake_manager import SECRET, FakeManager, fake_manager


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that make the stories short; what is told of them holds for the true ones in proportion."""
    monkeypatch.setattr(ami, "ACTION_SECONDS", 0.4)
    monkeypatch.setattr(ami, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(ami, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(ami, "LONGEST_PAUSE", 0.4)


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeManager]:
    async with fake_manager() as fake:
        yield fake


async def nothing() -> None:
    pass


@asynccontextmanager
async def linked(
    port: int, secret: str = SECRET, on_up: Callable[[], Awaitable[None]] = nothing
) -> AsyncIterator[ManagerLink]:
    """Settled; closed at the end, and no task may be left of it then."""
    before = asyncio.all_tasks()
    link = ManagerLink(host="127.0.0.1", port=port, user="aiguillage", secret=secret, on_up=on_up)
    await link.start()
    await link.settled(2)
    try:
        yield link
    finally:
        await link.close()
        left = {task for task in asyncio.all_tasks() - before if not task.done() and "ami" in task.get_name()}
        assert not left, f"tasks are left: {left}"


async def until(happened: Callable[[], bool], seconds: float = 3) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110  (the link tells its state in plain attributes)
            await asyncio.sleep(0.01)


async def next_event(link: ManagerLink) -> Message:
    async with asyncio.timeout(1):
        return await anext(link.events())


async def test_logged_in_it_is_up_and_asks_again_and_again(asterisk: FakeManager) -> None:
    async with linked(asterisk.port) as link:
        await until(lambda: asterisk.pings >= 3)
        assert link.state == "up"
        assert asterisk.names == ["Login"]


async def test_a_wrong_secret_is_told_once_and_tried_slowly(asterisk: FakeManager) -> None:
    with structlog.testing.capture_logs() as logged:
        async with linked(asterisk.port, "wrong") as link:
            assert link.state == "refused"
            assert "AIGUILLAGE_AMI_SECRET" in link.reason
            assert "wrong" not in link.reason
            with pytest.raises(AsteriskUnavailable, match="AIGUILLAGE_AMI_SECRET"):
                await link.action("Ping")
            await asyncio.sleep(1)
            assert 2 <= len(asterisk.seen) <= 6, "the pauses grow from 0.1 s to 0.4 s"
    refusals = [entry for entry in logged if entry.get("state") == "refused"]
    assert len(refusals) == 1


async def test_nobody_listens_is_a_reason_and_a_later_start_is_seen(asterisk: FakeManager) -> None:
    await asterisk.stop()
    async with linked(asterisk.port) as link:
        assert link.state == "down"
        assert str(asterisk.port) in link.reason
        await asterisk.start()
        await until(lambda: link.state == "up")


async def test_a_half_open_connection_is_given_up(asterisk: FakeManager) -> None:
    async with linked(asterisk.port) as link:
        asterisk.silent = {"Ping", "Login"}
        began = time.monotonic()
        await until(lambda: link.state == "down")
        assert time.monotonic() - began < (ami.HEARTBEAT_SECONDS + ami.ACTION_SECONDS) * 1.5
        asterisk.silent = set()
        await until(lambda: link.state == "up")


async def test_a_server_that_never_answers_the_login_is_down(asterisk: FakeManager) -> None:
    asterisk.silent = {"Login"}
    async with linked(asterisk.port) as link:
        assert link.state == "down"


async def test_a_lost_connection_comes_back_and_no_action_is_sent_again(asterisk: FakeManager) -> None:
    asterisk.silent = {"Originate"}
    async with linked(asterisk.port) as link:
        originating = asyncio.create_task(link.action("Originate", Channel="PJSIP/claire"))
        await until(lambda: "Originate" in asterisk.names)
        asterisk.lose_connections()
        with pytest.raises(AsteriskUnavailable, match="connection was lost"):
            await originating
        await until(lambda: asterisk.connections == 2 and link.state == "up")
        asterisk.say(b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n")
        await asyncio.sleep(0.3)
        assert asterisk.names == ["Login", "Originate", "Login"]


async def test_an_unanswered_action_is_an_error_in_time(asterisk: FakeManager) -> None:
    asterisk.silent = {"Originate"}
    async with linked(asterisk.port) as link:
        with pytest.raises(AsteriskUnavailable, match="did not answer Originate"):
            await link.action("Originate")
        assert link.state == "up"


async def test_an_action_that_asterisk_refuses_says_so(asterisk: FakeManager) -> None:
    async with linked(asterisk.port) as link:
        with pytest.raises(AsteriskUnavailable, match="Command: told"):
            await link.action("Command", Command="core show channels")
        assert link.state == "up"


async def test_an_action_while_the_link_is_down_fails_at_once(asterisk: FakeManager) -> None:
    await asterisk.stop()
    async with linked(asterisk.port) as link:
        with pytest.raises(AsteriskUnavailable, match="cannot connect"):
            await link.action("Ping")


async def test_an_action_before_the_start_fails_at_once() -> None:
    link = ManagerLink(host="127.0.0.1", port=1, user="x", secret="x", on_up=nothing)
    with pytest.raises(AsteriskUnavailable, match="connecting"):
        await link.action("Ping")


@pytest.mark.parametrize(
    "name, fields",
    [
        ("Setvar", {"Value": "a\r\n\r\nAction: Originate\r\nApplication: System"}),
        ("Setvar", {"Value": "a\nChannel: x"}),
        ("Setvar", {"Value": "a\rb"}),
        ("Setvar", {"Value": "a\0b"}),
        ("Setvar", {"Value": "a\x1b[2Jb"}),
        ("Setvar", {"Value": "a\x7fb"}),
        ("Setvar", {"A\r\nAction": "Originate"}),
        ("Ping\r\nAction: Originate", {}),
    ],
)
async def test_no_value_becomes_a_line_of_its_own(asterisk: FakeManager, name: str, fields: dict[str, str]) -> None:
    async with linked(asterisk.port) as link:
        with pytest.raises(Refused, match="line end"):
            await link.action(name, **fields)
        assert asterisk.names == ["Login"]


async def test_packets_and_characters_in_pieces_are_whole_events(
    asterisk: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "HEARTBEAT_SECONDS", 30)  # no answer to a ping between the pieces
    packets = "Event: First\r\nCallerIDName: René Élodie\r\n\r\nEvent: Second\r\nX: 1\r\n\r\n".encode()
    async with linked(asterisk.port) as link:
        await until(lambda: asterisk.pings == 1)
        for byte in packets:
            asterisk.say(bytes([byte]))
            await asyncio.sleep(0.001)
        first, second = await next_event(link), await next_event(link)
    assert (first["Event"], first["CallerIDName"]) == ("First", "René Élodie")
    assert (second["Event"], second["X"]) == ("Second", "1")


async def test_bytes_that_are_no_text_lose_neither_event_nor_link(asterisk: FakeManager) -> None:
    async with linked(asterisk.port) as link:
        asterisk.say(b"Event: First\r\nCallerIDName: Ren\xe9\r\n\r\n")
        asterisk.say(b"no header at all\r\n\r\nEvent: Second\r\n\r\n")
        assert (await next_event(link))["Event"] == "First"
        assert (await next_event(link))["Event"] == "Second"
        assert link.state == "up"


async def test_a_packet_without_end_loses_the_link_and_not_the_memory(
    asterisk: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "MAX_PACKET", 100_000)
    async with linked(asterisk.port) as link:
        asterisk.say(b"Event: Endless\r\nX: " + b"x" * 300_000)
        await until(lambda: asterisk.connections == 2 and link.state == "up")


async def test_an_event_that_calls_itself_shutdown_ends_nothing(asterisk: FakeManager) -> None:
    async with linked(asterisk.port) as link:
        asterisk.say(b"Event: Shutdown\r\nShutdown: Cleanly\r\n\r\n")
        assert (await next_event(link))["Event"] == "Shutdown"
        await link.action("Ping")
        assert (link.state, asterisk.connections) == ("up", 1)


async def test_a_flood_of_events_is_dropped_and_counted(asterisk: FakeManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "MAX_EVENTS", 100)
    async with linked(asterisk.port) as link:
        asterisk.say(b"".join(b"Event: Flood\r\nNumber: %d\r\n\r\n" % number for number in range(5000)))
        await until(lambda: link.dropped == 4900)
        await link.action("Ping")
        assert [(await next_event(link))["Number"] for _ in range(3)] == ["0", "1", "2"]


async def test_what_is_done_with_the_news_may_fail(asterisk: FakeManager) -> None:
    told: list[str] = []

    async def failing() -> None:
        told.append("up")
        raise RuntimeError("a fault of ours")

    async with linked(asterisk.port, on_up=failing) as link:
        await until(lambda: asterisk.pings >= 2)
        assert (told, link.state) == (["up"], "up")
        asterisk.lose_connections()
        await until(lambda: told == ["up", "up"])


async def test_what_is_done_with_the_news_may_ask_asterisk(asterisk: FakeManager) -> None:
    links: list[ManagerLink] = []

    async def reloading() -> None:
        await links[0].action("Reload", Module="pbx_config.so")

    async with linked(asterisk.port) as link:
        links.append(link)
        link._on_up = reloading
        asterisk.lose_connections()
        await until(lambda: "Reload" in asterisk.names)
    assert asterisk.seen[-1]["Module"] == "pbx_config.so"


@pytest.mark.parametrize("secret", [SECRET, "wrong"])
async def test_closed_it_stays_closed(asterisk: FakeManager, secret: str) -> None:
    async with linked(asterisk.port, secret) as link:
        asterisk.lose_connections()
        await asyncio.sleep(0.05)
        await link.close()
        connections = asterisk.connections
        await asyncio.sleep(1)
        assert asterisk.connections == connections
        assert link.state == "closed"
        with pytest.raises(AsteriskUnavailable, match="closed"):
            await link.action("Ping")


async def test_close_while_an_action_waits(asterisk: FakeManager) -> None:
    asterisk.silent = {"Originate"}
    async with linked(asterisk.port) as link:
        originating = asyncio.create_task(link.action("Originate"))
        await until(lambda: "Originate" in asterisk.names)
        await link.close()
        with pytest.raises(AsteriskUnavailable):
            await originating
