"""Whoever is neither an operator of the plan nor one of our phones gets nothing: no call, message or registration."""

import asyncio
import secrets
import socket

import pytest

from aiguillage.asterisk.fastagi import Listener
from tests.asterisk.private import Stage
from tests.asterisk.test_callers_bytes import DIALLED, final_status

ELSEWHERE = "127.0.0.2"
"""On this machine, but no operator's address."""

REQUEST = """\
{method} sip:{user}@{server} SIP/2.0
Via: SIP/2.0/UDP {here};branch=z9hG4bK{token}
Max-Forwards: 70
From: <sip:{sender}@{server}>;tag=1
To: <sip:{user}@{server}>
Call-ID: {token}
CSeq: 1 {method}
Contact: <sip:{here}>
User-Agent: <img src=x onerror=alert(1)>
X-Forwarded-For: 127.0.0.1
Event: presence
Expires: 60
Content-Length: 0

"""


async def answered(staged: Stage, method: str, sender: str, user: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as guest:
        guest.bind((ELSEWHERE, 0))
        guest.setblocking(False)
        here = f"{ELSEWHERE}:{guest.getsockname()[1]}"
        facts = {"server": staged.sip, "here": here, "token": secrets.token_hex(8)}
        text = REQUEST.format(method=method, sender=sender, user=user, **facts)
        guest.sendto(text.replace("\n", "\r\n").encode(), (staged.site.sip_host, staged.site.sip_port))
        return await final_status(guest)


@pytest.mark.parametrize("sender", ["guest", "claire", "operator", "anonymous"])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "SUBSCRIBE", "REGISTER", "REFER", "NOTIFY", "PUBLISH"])
async def test_a_guest_gets_nothing(staged: Stage, method: str, sender: str) -> None:
    listener = Listener({}, "127.0.0.1", staged.agi_port)
    await listener.start()
    try:
        user = sender if method == "REGISTER" else DIALLED
        assert await answered(staged, method, sender, user) in {401, 403, 404, 405, 489, 501}
        await asyncio.sleep(0)
    finally:
        await listener.drain(1)
    assert sum(listener.counts.values()) == 0, "nobody is asked about a guest"
    assert staged.channels() == 0
