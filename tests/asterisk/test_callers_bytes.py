"""What a caller writes into names and numbers reaches the question cleaned, or not at all: `inbound`."""

import asyncio
import secrets
import socket
from collections.abc import Mapping

import pytest

from aiguillage.asterisk.channel_variables import command
from aiguillage.asterisk.fastagi import AgiHeader, Listener
from aiguillage.routing.itinerary import HangUp, Itinerary
from tests.asterisk.private import SIMULATOR, Stage

NUMBER, DIALLED = "+32471000201", "+3271000001"

INVITE = """\
INVITE sip:{dialled}@{server} SIP/2.0
Via: SIP/2.0/UDP {here};branch=z9hG4bK{token}
Max-Forwards: 70
From: {caller};tag=1
To: <sip:{dialled}@{server}>
Call-ID: {token}
CSeq: 1 INVITE
Contact: <sip:{here}>
Content-Type: application/sdp
{headers}Content-Length: {length}

"""
SOUND = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


def invite(server: str, here: str, caller: str, dialled: str, headers: Mapping[str, str]) -> bytes:
    """Byte for byte as the test wants it, which a well-behaved phone would refuse to write."""
    head = INVITE.format(
        dialled=dialled,
        server=server,
        here=here,
        token=secrets.token_hex(8),
        caller=caller,
        headers="".join(f"{name}: {value}\n" for name, value in headers.items()),
        length=len(SOUND),
    )
    return (head.replace("\r\n", "\n").replace("\n", "\r\n") + SOUND).encode("utf-8", "surrogateescape")


async def question(
    staged: Stage, caller: str, dialled: str = DIALLED, headers: Mapping[str, str] | None = None
) -> AgiHeader | None:
    """What the router is asked about a call; None where Asterisk refuses the call without asking."""
    asked: list[AgiHeader] = []

    async def inbound(header: AgiHeader) -> str:
        asked.append(header)
        return command(Itinerary((HangUp("rejected"),), "fr"), "d1")

    listener = Listener({"inbound": inbound}, "127.0.0.1", staged.agi_port)
    await listener.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.setblocking(False)
        here = f"127.0.0.1:{phone.getsockname()[1]}"
        packet = invite(staged.sip, here, caller, dialled, headers or {})
        phone.sendto(packet, (staged.site.sip_host, staged.site.sip_port))
        try:
            status = await final_status(phone)
        finally:
            await listener.drain(1)
    assert status >= 400
    assert listener.counts["refused_header"] == 0, "the dialplan lets nothing through that the listener refuses"
    return asked[0] if asked else None


async def final_status(phone: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(4):
        while True:
            packet = await loop.sock_recv(phone, 65_535)
            status = int(packet.split(b" ", 2)[1])
            if status >= 200:
                return status


@pytest.mark.parametrize(
    "caller, number, name",
    [
        (f'"Claire Dubois" <sip:{NUMBER}@x>', NUMBER, "Claire Dubois"),
        (f'"Jean-Luc D\'Hondt" <sip:{NUMBER}@x>', NUMBER, "Jean-Luc D'Hondt"),
        (f"<sip:{NUMBER}@x>", NUMBER, ""),
        ("<sip:0471000201@x>", "0471000201", ""),
        (f'"Élodie" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"{"x" * 41}" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"a%0Aagi_arg_2: 2026-11-24T10:00" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"a\\" = 1 | \\"" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"x) = 1 & (1" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"${{SHELL(id)}}" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"$[1+1]" <sip:{NUMBER}@x>', NUMBER, ""),
        ("<sip:%2B32%0Aagi_arg_2%3A%202026-11-24T10%3A00@x>", "", ""),
        ("<sip:0471%0A@x>", "", ""),
        ('"Claire" <sip:12@x>', "", ""),
        ('"Claire" <sip:anonymous@x>', "", ""),
        ("<sip:%24%7BSHELL(id)%7D@x>", "", ""),
        ("<sip:0471%22%20=%200471@x>", "", ""),
        ("<sip:0475%e9%ff@x>", "", ""),
        (f'"Ren\udce9e" <sip:{NUMBER}@x>', NUMBER, ""),
        (rf'"Al\"ice\\ ${{SHELL(id)}} , & | ^ ; <b>" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"\u202eAlice \U0001f600 <script>alert(1)</script>" <sip:{NUMBER}@x>', NUMBER, ""),
        (f'"<img src=x onerror=alert(1)>" <sip:{NUMBER}@x>', NUMBER, ""),
        (f"\"x'),('a','b');--\" <sip:{NUMBER}@x>", NUMBER, ""),
        (f"\"=HYPERLINK('http://x','y')\" <sip:{NUMBER}@x>", NUMBER, ""),
        ("<sip:%3dcmd%7c'%20/C%20calc'!A0@x>", "", ""),
    ],
)
async def test_a_callers_name_and_number(staged: Stage, caller: str, number: str, name: str) -> None:
    asked = await question(staged, caller)

    assert asked is not None
    assert (asked.caller, asked.caller_name) == (number, name)
    assert (asked.script, asked.args[:2]) == ("inbound", (DIALLED, ""))


@pytest.mark.parametrize("presentation", ["id", "user;id", "header;id"])
async def test_a_withheld_number_is_not_told(staged: Stage, presentation: str) -> None:
    asked = await question(staged, f'"Claire" <sip:{NUMBER}@x>', headers={"Privacy": presentation})

    assert asked is not None
    assert (asked.caller, asked.caller_name) == ("", "")


@pytest.mark.parametrize("diversion", ["%2B32%0Aagi_arg_2%3A%202026-11-24T10%3A00", "x%0A%0A", "%24%7BSHELL(id)%7D"])
async def test_whoever_forwarded_the_call_adds_nothing(staged: Stage, diversion: str) -> None:
    asked = await question(staged, f"<sip:{NUMBER}@x>", headers={"Diversion": f"<sip:{diversion}@x>"})

    assert asked is not None
    assert (asked.caller, asked.args[:2]) == (NUMBER, (DIALLED, ""))


@pytest.mark.parametrize(
    "dialled",
    [
        "%2B3271000001%0Aagi_arg_2%3A%202026-11-24T10%3A00",
        "%2B3271000001%0A",
        "%2B3271000001,2026-11-24T10:00",
        "%24%7BSHELL(id)%7D",
        "0423%26PJSIP%2ftrunk%2f0900123,30,tTg",
        "111%26Local%2f222%40ctx",
        "333,3,U(evil)",
        "0475%e9%ff",
        "s",
        "T",
        "12",
        "1234567890123456",
    ],
)
async def test_what_is_no_number_of_ours_is_refused_without_a_question(staged: Stage, dialled: str) -> None:
    assert await question(staged, f"<sip:{NUMBER}@x>", dialled) is None


@pytest.mark.parametrize(
    "time_of_day, told",
    [
        ("2026-11-24T10:00", "2026-11-24T10:00"),
        ("2026-11-24T10:00:30", "2026-11-24T10:00:30"),
        ("2026-11-24", ""),
        ("2026-11-24T10:00,x", ""),
        ("2026-11-24T10:00 x", ""),
        ("${SHELL(id)}", ""),
    ],
)
async def test_a_simulated_call_brings_its_time_of_day(staged: Stage, time_of_day: str, told: str) -> None:
    asked = await question(staged, f"<sip:{NUMBER}@x>", headers={**SIMULATOR, "X-Aiguillage-At": time_of_day})

    assert asked is not None
    assert asked.args[:2] == (DIALLED, told)


async def test_a_real_trunk_brings_no_time_of_day(staged: Stage) -> None:
    for secret in ({}, {"X-Aiguillage-Simulator": "guessed"}):
        asked = await question(staged, f"<sip:{NUMBER}@x>", headers={**secret, "X-Aiguillage-At": "2026-11-24T10:00"})

        assert asked is not None
        assert asked.args[:2] == (DIALLED, "")


async def test_an_ordinary_question_leaves_no_warning(staged: Stage) -> None:
    before = staged.asterisk.problems()
    await question(staged, f'"Claire" <sip:{NUMBER}@x>')
    assert staged.asterisk.problems() == before
