"""Whatever connects to the FastAGI port, no other call waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from aiguillage.asterisk.fastagi import AgiHeader, Listener, exchange
from aiguillage.errors import Unavailable

HEADER = {"agi_channel": "PJSIP/operator-00000001", "agi_uniqueid": "1.1", "agi_callerid": "+32471000201"}
ANSWER = 'EXEC MSet "A=1,ROUTE_OK=1"'
PROMPT = 0.3
"""Seconds; a good answer takes milliseconds, one that waits for a rude client half a second or more."""


async def _answer(question: AgiHeader) -> str:
    return ANSWER


async def _dawdle(question: AgiHeader) -> str:
    await asyncio.sleep(60)
    return ANSWER


async def _fail(question: AgiHeader) -> str:
    raise RuntimeError("a fault of ours")


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    routes = {"inbound": _answer, "slow": _dawdle, "broken": _fail}
    listener = Listener(routes, "127.0.0.1", 0)
    await listener.start()
    yield listener
    await listener.drain(0.1)


RUDE = {
    "connects and closes": b"",
    "half a header": b"agi_network: yes\nagi_network_script: inbound\nagi_uniq",
    "1 MB without a line end": b"x" * 1_000_000,
    "invalid UTF-8": b"agi_network: yes\nagi_network_script: inbound\nagi_callerid: \xff\xfe\x00\n\n",
    "another protocol": b"GET / HTTP/1.0\r\n\r\n",
    "the script twice": b"agi_network: yes\nagi_network_script: inbound\nagi_network_script: broken\n\n",
}


@pytest.mark.parametrize("rude", RUDE.values(), ids=RUDE.keys())
@pytest.mark.parametrize("stays", [True, False], ids=["stays connected", "goes at once"])
async def test_a_rude_client_delays_no_other_call(listener: Listener, rude: bytes, stays: bool) -> None:
    clients = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(10)]
    try:
        for _, writer in clients:
            writer.write(rude)
            if not stays:
                writer.close()
        for _ in range(3):
            began = time.perf_counter()
            assert await exchange("127.0.0.1", listener.port, "inbound", HEADER) == ANSWER
            assert time.perf_counter() - began < PROMPT
    finally:
        for _, writer in clients:
            writer.transport.abort()


@pytest.mark.parametrize("script", ["slow", "broken", "unknown"])
async def test_a_question_that_cannot_be_answered_is_closed_so_that_asterisk_takes_its_fallback(
    listener: Listener, script: str
) -> None:
    began = time.perf_counter()
    with pytest.raises(Unavailable, match="closed the connection"):
        await exchange("127.0.0.1", listener.port, script, HEADER)
    assert time.perf_counter() - began < 1.4


async def test_stopping_lets_an_open_question_finish(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    lines = {"agi_network": "yes", "agi_network_script": "inbound", **HEADER}
    writer.write("".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n")
    assert await reader.readline() == ANSWER.encode() + b"\n"
    stopping = asyncio.create_task(listener.drain(1.0))
    await asyncio.sleep(0.05)
    writer.write(b"200 result=0\n")
    await stopping
    assert listener.counts["answered"] == 1
    writer.close()
    with pytest.raises(Unavailable):
        await exchange("127.0.0.1", listener.port, "inbound", HEADER)
