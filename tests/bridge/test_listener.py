"""A call is answered at once, whatever other connections do; and every connection comes to its end.

Several stories are named after what panoramisk 1.4's own FastAGI server does in their place.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import structlog

from aiguillage.asterisk import fastagi
from aiguillage.asterisk.fastagi import MAX_COMMAND, AgiHeader, Listener, exchange
from aiguillage.errors import Refused, Unavailable
from tests.bridge.lines import DONE, HEADER, Line, block, line_to, listening

ROUTE_OK = 'EXEC MSet "ROUTE_OK=1"'
AT_ONCE = 0.3


async def inbound(header: AgiHeader) -> str:
    return ROUTE_OK


async def asleep(header: AgiHeader) -> str:
    await asyncio.sleep(60)
    return ROUTE_OK


def saying(command: str) -> Callable[[AgiHeader], Awaitable[str]]:
    async def route(header: AgiHeader) -> str:
        return command

    return route


async def until(happened: Callable[[], bool], seconds: float = 2) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110  (counts are plain numbers)
            await asyncio.sleep(0.01)


async def nothing_and_close(line: Line) -> None:
    await line.hang_up()


async def half_a_header(line: Line) -> None:
    await line.write(block()[:60])


async def half_a_header_and_close(line: Line) -> None:
    await line.write(block()[:60])
    await line.hang_up()


async def a_megabyte_without_line_end(line: Line) -> None:
    with contextlib.suppress(ConnectionError):  # the listener closes before it is all written
        await line.write(b"x" * 1_000_000)


async def no_utf8(line: Line) -> None:
    await line.write(b"agi_network: yes\n\xff\xfe\xc3\x28\n\n")


async def an_http_request(line: Line) -> None:
    await line.write(b"GET / HTTP/1.0\r\n\r\n")


async def no_reply_to_the_command(line: Line) -> None:
    await line.write(block())


BAD_CLIENTS = [
    nothing_and_close,
    half_a_header,
    half_a_header_and_close,
    a_megabyte_without_line_end,
    no_utf8,
    an_http_request,
    no_reply_to_the_command,
]


@pytest.mark.parametrize("misbehave", BAD_CLIENTS)
async def test_bad_clients_delay_no_other_call(misbehave: Callable[[Line], Awaitable[None]]) -> None:
    async with listening(inbound=inbound) as listener, AsyncExitStack() as bad_clients:
        lines = [await bad_clients.enter_async_context(line_to(listener)) for _ in range(10)]
        misbehaving = asyncio.gather(*(misbehave(line) for line in lines))

        began = time.monotonic()
        command = await exchange("127.0.0.1", listener.port, "inbound", HEADER)
        took = time.monotonic() - began

        assert command == ROUTE_OK
        assert took < AT_ONCE
        await misbehaving
        await until(lambda: sum(listener.counts.values()) == 11)
        assert listener.counts["answered"] == 1
        assert listener.counts["refused_header"] + listener.counts["gone"] == 10


@pytest.mark.parametrize("misbehave", [half_a_header, a_megabyte_without_line_end, no_utf8, an_http_request])
async def test_a_bad_client_is_closed_within_a_second(misbehave: Callable[[Line], Awaitable[None]]) -> None:
    async with listening(inbound=inbound) as listener, line_to(listener) as line:
        await misbehave(line)

        assert await line.closed(1)


async def test_the_route_is_told_what_asterisk_wrote() -> None:
    told: list[AgiHeader] = []

    async def telling(header: AgiHeader) -> str:
        told.append(header)
        return ROUTE_OK

    async with listening(inbound=telling) as listener, line_to(listener) as line:
        await line.write(block(agi_callerid="+32471000201"))
        assert await line.command() == f"{ROUTE_OK}\n"
        await line.write(DONE)
        assert await line.closed(1)

    assert [(each.uniqueid, each.caller, each.args) for each in told] == [("1.1", "+32471000201", ("+3271000001",))]


async def test_a_header_in_single_bytes_is_a_header() -> None:
    async with listening(inbound=inbound) as listener, line_to(listener) as line:
        for byte in block():
            await line.write(bytes([byte]))
        assert await line.command() == f"{ROUTE_OK}\n"


async def test_a_header_that_is_read_late_is_answered_all_the_same() -> None:
    async with listening(inbound=inbound) as listener, line_to(listener) as line:
        await line.write(block()[:-1])
        await asyncio.sleep(0.6)
        await line.write(block()[-1:])
        assert await line.command() == f"{ROUTE_OK}\n"


async def test_a_slow_route_is_given_up_before_asterisks_own_deadline() -> None:
    async with listening(inbound=asleep) as listener, line_to(listener) as line:
        began = time.monotonic()
        await line.write(block())

        assert await line.closed(1.45)
        assert time.monotonic() - began > 1.1
        assert listener.counts == {"too_slow": 1}


@pytest.mark.parametrize("fault", [Unavailable("no plan in memory yet"), Refused("too many steps"), RuntimeError()])
async def test_a_failing_route_closes_the_connection(fault: Exception) -> None:
    async def failing(header: AgiHeader) -> str:
        raise fault

    with structlog.testing.capture_logs() as logged:
        async with listening(inbound=failing) as listener, line_to(listener) as line:
            await line.write(block())
            assert await line.closed(1)
            assert listener.counts == {"failed": 1}
    assert [entry["call"] for entry in logged] == ["1.1"]


async def test_an_unknown_script_is_refused_by_name() -> None:
    with structlog.testing.capture_logs() as logged:
        async with listening(inbound=inbound) as listener, line_to(listener) as line:
            await line.write(block("outbound"))
            assert await line.closed(1)
            assert listener.counts == {"refused_header": 1}
    assert [entry["error"] for entry in logged] == ["there is no script 'outbound'"]


async def test_a_script_with_a_query_is_the_script() -> None:
    async with listening(inbound=inbound) as listener, line_to(listener) as line:
        await line.write(block("inbound?a=1"))
        assert await line.command() == f"{ROUTE_OK}\n"


async def test_the_callers_bytes_do_not_choose_the_script() -> None:
    async with listening(inbound=inbound, alive=saying("NOOP")) as listener, line_to(listener) as line:
        await line.write(block(agi_calleridname="x\nagi_network_script: alive"))
        assert await line.closed(1)


async def test_beyond_the_limit_connections_are_closed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastagi, "MAX_CALLS", 2)
    async with listening(inbound=asleep) as listener, AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(line_to(listener)) for _ in range(3)]
        for line in lines[:2]:
            await line.write(block())
        assert await lines[2].closed(AT_ONCE)
        assert listener.counts == {"busy": 1}

        await until(lambda: listener.counts["too_slow"] == 2)
        async with line_to(listener) as later:
            assert not await later.closed(AT_ONCE), "there is room again"


@pytest.mark.parametrize(
    "reply, kind",
    [
        (DONE, "answered"),
        (b"HANGUP\n200 result=0\n", "answered"),
        (b"100 Trying\n200 result=0\n", "answered"),
        (b"200 result=-1\n", "answered"),
        (b"200 result=-2\n", "failed"),
        (b"510 Invalid or unknown command\n", "failed"),
        (b"511 Command Not Permitted on a dead channel or intercept routine\n", "failed"),
        (b"520-Invalid command syntax.  Proper usage follows:\nUsage: EXEC\n520 End of proper usage.\n", "failed"),
        (b"\xff\xfe\n200 result=0\n", "answered"),
        (b"2" * 5000 + b"\n200 result=0\n", "answered"),
        (b"HANGUP\n", "gone"),
        (b"200 result", "gone"),
        (b"", "gone"),
    ],
)
async def test_asterisks_reply_is_understood(reply: bytes, kind: str) -> None:
    async with listening(inbound=inbound) as listener, line_to(listener) as line:
        await line.write(block())
        assert await line.command() == f"{ROUTE_OK}\n"
        await line.write(reply)
        await line.hang_up()
        await until(lambda: bool(listener.counts))
        assert listener.counts == {kind: 1}


@pytest.mark.parametrize("reply", [b"", b"x" * 100_000, b"100 Trying\n" * 1000])
async def test_a_reply_that_does_not_come_is_waited_for_one_second(reply: bytes) -> None:
    async with listening(inbound=inbound) as listener, line_to(listener) as line:
        await line.write(block())
        await line.command()
        await line.write(reply)
        await until(lambda: not listener.open)
        assert listener.counts == {"gone": 1}


@pytest.mark.parametrize(
    "command",
    [
        'EXEC MSet "A=1"\nEXEC System "x"',
        "NOOP\r",
        "NOOP\x00",
        "NOOP\x7f",
        "NOOP\x85",
        "NOOP\ud800",
        "x" * (MAX_COMMAND + 1),
        "é" * (MAX_COMMAND // 2 + 1),
    ],
)
async def test_a_command_that_is_not_one_line_is_never_written(command: str) -> None:
    async with listening(inbound=saying(command)) as listener, line_to(listener) as line:
        await line.write(block())
        assert await line.closed(1)
        assert listener.counts == {"failed": 1}


async def test_the_longest_command_is_written() -> None:
    longest = "N" * MAX_COMMAND
    async with listening(inbound=saying(longest)) as listener, line_to(listener) as line:
        await line.write(block())
        assert await line.command() == f"{longest}\n"


async def test_drain_lets_a_call_in_the_middle_of_its_question_finish() -> None:
    async def soon(header: AgiHeader) -> str:
        await asyncio.sleep(0.2)
        return ROUTE_OK

    async with listening(inbound=soon) as listener, line_to(listener) as line:
        await line.write(block())
        await until(lambda: bool(listener.open))
        draining = asyncio.create_task(listener.drain(1))
        assert await line.command() == f"{ROUTE_OK}\n"
        await line.write(DONE)
        await draining
        assert listener.counts == {"answered": 1}
        with pytest.raises(Unavailable, match="does not answer"):
            await exchange("127.0.0.1", listener.port, "inbound", HEADER)


async def test_what_was_begun_for_a_caller_who_hangs_up_is_brought_to_its_end() -> None:
    done: list[str] = []

    async def keeping(header: AgiHeader) -> str:
        await asyncio.sleep(0.2)
        done.append(header.uniqueid)
        return ROUTE_OK

    async with listening(inbound=keeping) as listener:
        async with line_to(listener) as line:
            await line.write(block())
            await until(lambda: bool(listener.open))
        await until(lambda: not listener.open)
        assert (done, listener.counts) == (["1.1"], {"gone": 1})


async def test_drain_cancels_what_is_late() -> None:
    cancelled: list[str] = []

    async def stubborn(header: AgiHeader) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(header.uniqueid)
            raise
        return ROUTE_OK

    async with listening(inbound=stubborn) as listener, line_to(listener) as line:
        await line.write(block())
        await until(lambda: bool(listener.open))
        began = time.monotonic()
        await listener.drain(0.1)
        assert time.monotonic() - began < 0.5
        assert cancelled == ["1.1"]
        assert await line.closed(AT_ONCE)


async def test_an_exchange_says_what_does_not_answer() -> None:
    async with listening(inbound=asleep) as listener:
        with pytest.raises(Unavailable, match="closed the connection without a command"):
            await exchange("127.0.0.1", listener.port, "inbound", HEADER)
        port = listener.port
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port} does not answer"):
        await exchange("127.0.0.1", port, "inbound", HEADER)


async def test_a_refused_command_is_told_as_our_fault() -> None:
    with structlog.testing.capture_logs() as logged:
        async with listening(inbound=saying("a\nb")) as listener, line_to(listener) as line:
            await line.write(block())
            assert await line.closed(1)
    assert [(entry["log_level"], entry["event"]) for entry in logged] == [("error", "agi_not_answered")]


async def test_a_taken_port_is_an_error_at_the_start() -> None:
    async with listening(inbound=inbound) as listener:
        with pytest.raises(OSError, match="address already in use"):
            await Listener({}, "127.0.0.1", listener.port).start()
