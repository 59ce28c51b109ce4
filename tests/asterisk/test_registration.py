"""A trunk registers with its operator at a real Asterisk, and does not give up, whatever the operator says."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from hashlib import md5

import pytest

from aiguillage.asterisk import trunks
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.simulator.sip_message import Message, new_tag, parse_party, respond
from aiguillage.simulator.sip_socket import Address, SipSocket, parse_address
from tests.asterisk.private import AMI_SECRET, AMI_USER, Stage

USER, PASSWORD = "patro", "not-a-secret-at-all"
RETRY = 1
CHALLENGE = 'Digest realm="operator.example", nonce="{}", algorithm=MD5, qop="auth"'
_PARAMETER = re.compile(r'(\w+)="?([^",]+)"?')


class Carrier:
    """An operator. `mood`: the status that it answers REGISTER with, 0 for silence, 200 for who knows the password."""

    def __init__(self, sip: Address) -> None:
        self.mood, self.registers, self.invites = 200, list[Message](), list[Message]()
        self._sip = SipSocket(sip, self._take, lambda message: None)

    def _take(self, request: Message, source: Address) -> None:
        heard = {"REGISTER": self.registers, "INVITE": self.invites}.get(request.method)
        if heard is None:
            if request.method == "OPTIONS":
                self._sip.send(respond(request, 200, new_tag()), source)
            return
        heard.append(request)
        if request.method == "INVITE":
            self._sip.send(self._challenged(request, "Proxy-Authenticate", 407, 486), source)
        elif self.mood == 200:
            contact, expires = ("Contact", request.header("Contact")), ("Expires", "600")
            self._sip.send(self._challenged(request, "WWW-Authenticate", 401, 200, contact, expires), source)
        elif self.mood == 401:
            refused = respond(request, 401, new_tag(), ("WWW-Authenticate", CHALLENGE.format(len(self.registers))))
            self._sip.send(refused, source)
        elif self.mood:
            self._sip.send(respond(request, self.mood, new_tag()), source)

    def _challenged(self, request: Message, header: str, asks: int, well: int, *extra: tuple[str, str]) -> Message:
        given = request.header("Authorization") or request.header("Proxy-Authorization")
        if not knows_password(given, request.method):
            return respond(request, asks, new_tag(), (header, CHALLENGE.format("one")))
        return respond(request, well, new_tag(), *extra)

    async def hears(self, more: int) -> None:
        """Until so many more REGISTERs have come."""
        wanted = len(self.registers) + more
        async with asyncio.timeout(40):
            while len(self.registers) < wanted:  # noqa: ASYNC110  nobody wakes us
                await asyncio.sleep(0.05)

    def close(self) -> None:
        self._sip.close()


def knows_password(given: str, method: str) -> bool:
    found = dict(_PARAMETER.findall(given))
    if found.get("username") != USER:
        return False

    def hashed(text: str) -> str:
        return md5(text.encode(), usedforsecurity=False).hexdigest()

    secret, what = hashed(f"{USER}:{found['realm']}:{PASSWORD}"), hashed(f"{method}:{found['uri']}")
    response: str = found["response"]
    return response == hashed(f"{secret}:{found['nonce']}:{found['nc']}:{found['cnonce']}:auth:{what}")


@pytest.fixture
async def carrier(staged: Stage) -> AsyncIterator[Carrier]:
    carrier = Carrier(parse_address(staged.trunk))
    yield carrier
    carrier.close()


@pytest.fixture
def registering(staged: Stage, carrier: Carrier) -> Iterator[Stage]:
    """The example's operator wants us to register; `retry` is a second, so that nobody waits for a minute."""
    site = replace(staged.site, trunk_passwords={"operator": PASSWORD}, registration_retry=RETRY)
    operator = replace(staged.plan.trunks["operator"], registers_as=USER)
    carrier.mood = 403
    replace(staged, site=site).publish(replace(staged.plan, trunks={"operator": operator}))
    staged.asterisk.console("module reload res_pjsip.so")
    yield staged
    staged.publish(staged.plan)
    staged.asterisk.console("module reload res_pjsip.so")


async def nothing() -> None:
    pass


@pytest.fixture
async def link(registering: Stage) -> AsyncIterator[ManagerLink]:
    link = ManagerLink(
        host="127.0.0.1", port=registering.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing
    )
    await link.start()
    await link.settled(5)
    yield link
    await link.close()


async def until(link: ManagerLink, status: str) -> None:
    deadline = time.monotonic() + 20
    while (seen := (await trunks.registrations(link)).get("operator", "")) != status:
        assert time.monotonic() < deadline, f"still {seen}, not {status}"
        await asyncio.sleep(0.1)


@pytest.mark.timeout(180)
async def test_whatever_the_operator_says_it_is_asked_again_until_it_lets_us_register(
    registering: Stage, carrier: Carrier, link: ManagerLink
) -> None:
    for mood in (403, 503, 401, 404, 0):
        carrier.mood = mood
        await carrier.hears(3 if mood else 2)
        await until(link, "Rejected")
    carrier.mood = 200
    await until(link, "Registered")
    last = carrier.registers[-1]
    assert parse_party(last.header("From")).user == USER
    assert parse_party(last.header("Contact")).user == "+3271000001", "calls for us come to our first number"


@pytest.mark.timeout(60)
async def test_the_operator_is_told_the_password_when_it_asks_for_it_in_a_call(
    registering: Stage, carrier: Carrier, link: ManagerLink
) -> None:
    carrier.mood = 200
    await until(link, "Registered")
    channel = "PJSIP/+32499000001@operator"
    await link.action("Originate", Channel=channel, Application="Wait", Data="1", Timeout="5000", Async="true")
    async with asyncio.timeout(10):
        while len(carrier.invites) < 2:  # noqa: ASYNC110  nobody wakes us
            await asyncio.sleep(0.05)
    assert knows_password(carrier.invites[-1].header("Proxy-Authorization"), "INVITE")
    assert parse_party(carrier.invites[0].header("To")).user == "+32499000001"
