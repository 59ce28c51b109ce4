"""What the telephones answer to packets that belong to no call. No Asterisk takes part."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from tests.ports import free_udp_port

from aiguillage.simulator.sip_message import parse_message
from aiguillage.simulator.telephones import Telephones

HEADERS = (
    "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:pbx@127.0.0.1>;tag=theirs\r\n"
    "Call-ID: one\r\nContact: <sip:pbx@127.0.0.1:9>\r\n"
)


@pytest.fixture
async def bind() -> AsyncIterator[str]:
    address = f"127.0.0.1:{free_udp_port()}"
    async with Telephones(address, server="127.0.0.1:9"):
        yield address


async def answer(bind: str, method: str, to: str = "<sip:sophie@127.0.0.1>") -> int:
    """The status that the telephones answer with."""
    request = f"{method} sip:sophie@{bind} SIP/2.0\r\n{HEADERS}To: {to}\r\nCSeq: 1 {method}\r\n\r\n"
    host, _, port = bind.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pbx:
        pbx.setblocking(False)
        pbx.connect((host, int(port)))
        for garbage in (b"", b"\r\n\r\n", b"\xff" * 1500, request.replace("From", "X-From").encode()[:60]):
            pbx.send(garbage)
        pbx.send(request.encode())
        async with asyncio.timeout(2):
            return parse_message(await asyncio.get_running_loop().sock_recv(pbx, 65535)).status


async def test_asterisk_may_ask_whether_a_phone_is_there(bind: str) -> None:
    assert await answer(bind, "OPTIONS") == 200


@pytest.mark.parametrize("method", ["BYE", "CANCEL", "INFO"])
async def test_a_request_within_an_unknown_call_is_refused(bind: str, method: str) -> None:
    assert await answer(bind, method) == 481


async def test_an_invite_of_a_call_that_was_forgotten_rings_nowhere(bind: str) -> None:
    assert await answer(bind, "INVITE", to="<sip:sophie@127.0.0.1>;tag=ours") == 481


async def test_a_call_without_sound_that_we_know_is_refused(bind: str) -> None:
    assert await answer(bind, "INVITE") == 488
