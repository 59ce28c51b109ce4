"""The telephones of a small world: desk phones that register, GSMs and callers behind a simulated operator.

    async with Telephones(bind="127.0.0.1:5090", server="127.0.0.1:5060") as telephones:
        await telephones.register("sophie", password)
        telephones.behave("sophie", "answer after 3")
        telephones.behave("+32470000101", "press 1")
        leg = await telephones.call(caller="+32471000201", to="+3271000001")
        await leg.wait_ended(30)
        await telephones.wait_quiet(1)
        print(telephones.ringings)

        leg = await telephones.dial("sophie", "+32471000201", name="Sophie")
        await leg.wait_answered(5)
        await leg.transfer("201")
        telephones.called("tom").heard, telephones.waiting("sophie")

All share one SIP port, `bind`: Asterisk's trunk sends outside calls there, and knows the operator's calls
by that address; phones are known by their registered name.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Self

from aiguillage.errors import Refused, Unavailable
from aiguillage.simulator.behaviour import SILENT, Behaviour, parse_behaviour
from aiguillage.simulator.called_leg import CalledLeg, Ringing
from aiguillage.simulator.caller_leg import Caller, CallerLeg
from aiguillage.simulator.digest import Credentials
from aiguillage.simulator.leg import Leg
from aiguillage.simulator.registration import register
from aiguillage.simulator.sip_message import Message, called_user, new_tag, parse_party, respond
from aiguillage.simulator.sip_socket import Address, SipSocket, parse_address

_VOICE_MESSAGES = re.compile(r"^Voice-Message: *([0-9]+)/", re.MULTILINE)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Telephones:
    """`bind` and `server` (Asterisk's SIP) are `127.0.0.1:port`. May be started as often as one likes.

    Entering raises Unavailable where the port is taken. Leaving hangs up, unregisters and frees everything.
    """

    def __init__(self, bind: str, server: str) -> None:
        self._bind, self._server = parse_address(bind), parse_address(server)
        self._behaviours: dict[str, Behaviour] = {}
        self._registered: dict[str, Credentials] = {}
        self._legs: dict[str, Leg] = {}
        self._waiting: dict[str, int] = {}
        self.lights: dict[str, bool] = {}
        """Endpoint -> whether its message-waiting light is on, for those that Asterisk has told."""
        self._leaving = False

    async def __aenter__(self) -> Self:
        self._leaving = False
        self._sip = SipSocket(self._bind, self._take, self._note)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving = True
        try:
            await self.reset()
            await self._unregister()
        finally:
            self._sip.close()

    def behave(self, who: str, behaviour: str) -> None:
        """What `who` (endpoint or E.164 number) does with calls from now on; see `behaviour`. Raises Refused."""
        self._behaviours[who] = parse_behaviour(behaviour)

    async def register(self, endpoint: str, password: str) -> None:
        """Make a phone known to Asterisk; again, to renew that.

        Raises Refused for a wrong password, Unavailable without Asterisk.
        """
        credentials = Credentials(endpoint, password)
        await register(self._sip, self._server, credentials)
        self._registered[endpoint] = credentials

    async def unregister(self, endpoint: str) -> None:
        """No call reaches the phone any more, nor can it dial. Raises Refused where it was not registered."""
        if endpoint not in self._registered:
            raise Refused(f"phone {endpoint!r} is not registered, so it cannot be unregistered")
        await register(self._sip, self._server, self._registered.pop(endpoint), seconds=0)

    async def dial(self, endpoint: str, to: str, *, talk: bool = True, name: str = "") -> CallerLeg:
        """A registered phone dials `to`: digits, `*`, `#` and `+`; `name` is what it says to be called itself.

        Returns when Asterisk has taken the call, or refused it: its `status` says so. Raises Refused for a phone
        that is not registered here, Unavailable where nobody answers.
        """
        if endpoint not in self._registered:
            raise Refused(f"phone {endpoint!r} is not registered, so it cannot dial {to}; register it first")
        return await self._place(Caller(endpoint, name, self._registered[endpoint]), to, _NO_HEADERS, talk=talk)

    def waiting(self, endpoint: str) -> int | None:
        """New voicemail messages, as the phone's light was last told (RFC 3842); None where it never was."""
        return self._waiting.get(endpoint)

    async def call(
        self, caller: str | None, to: str, headers: Mapping[str, str] = _NO_HEADERS, *, talk: bool = True
    ) -> CallerLeg:
        """The operator brings a call from `caller` (None: number withheld) for `to` to Asterisk.

        Odd characters in both travel percent-encoded. `headers` are added to the INVITE. `talk`: the caller
        speaks (a tone), else is silent. Returns when Asterisk has taken the call, ringing or not; raises
        Unavailable where nobody answers.
        """
        return await self._place(Caller(caller), to, headers, talk=talk)

    @property
    def ringings(self) -> tuple[Ringing, ...]:
        """Every call that reached a phone or an outside number, in order of their beginning, as they stand now."""
        return tuple(leg.ringing() for leg in self._legs.values() if isinstance(leg, CalledLeg))

    def called(self, who: str) -> CalledLeg:
        """The latest call that reached `who`. Raises LookupError where none did."""
        return [leg for leg in self._legs.values() if isinstance(leg, CalledLeg) and leg.who == who][-1]

    async def wait_quiet(self, seconds: float) -> None:
        """Until nothing rings and nobody talks: a phone may hear of the end of a call after its caller does.

        Raises TimeoutError after `seconds`.
        """
        async with asyncio.timeout(seconds):
            for leg in list(self._legs.values()):
                await leg.wait_over()

    async def reset(self) -> None:
        """Between two stories: hang up all calls, forget behaviours and ringings; phones stay registered."""
        legs = list(self._legs.values())
        failures = await asyncio.gather(*(leg.close() for leg in legs), return_exceptions=True)
        self._legs.clear()
        self._behaviours.clear()
        for failure in failures:
            if isinstance(failure, BaseException):
                raise failure

    async def _place(self, caller: Caller, to: str, headers: Mapping[str, str], *, talk: bool) -> CallerLeg:
        leg = CallerLeg(self._sip, self._server, caller, to, talk=talk)
        self._legs[leg.call_id] = leg
        await leg.place(headers)
        return leg

    def _note(self, message: Message) -> None:
        leg = self._legs.get(message.call_id)
        if leg is not None:
            leg.note(message)

    async def _unregister(self) -> None:
        try:
            for credentials in self._registered.values():
                with suppress(Refused):  # the plan has this phone no more
                    await register(self._sip, self._server, credentials, seconds=0)
        except Unavailable:
            pass  # Asterisk is gone, and its registrations with it
        finally:
            self._registered.clear()

    def _take(self, request: Message, source: Address) -> None:
        leg = self._legs.get(request.call_id)
        if leg is not None:
            leg.take(request)
        elif request.method == "INVITE" and not parse_party(request.header("To")).tag:
            if self._leaving:
                self._sip.send(respond(request, 480, new_tag()), source)
                return
            who = called_user(request)
            behaviour = self._behaviours.get(who, SILENT)
            self._legs[request.call_id] = CalledLeg(self._sip, source, request, who, behaviour)
        elif request.method in {"OPTIONS", "NOTIFY"}:
            if told := _VOICE_MESSAGES.search(request.body):
                self._waiting[called_user(request)] = int(told[1])
            self._sip.send(respond(request, 200, new_tag()), source)
            if "Messages-Waiting:" in request.body:
                self.lights[called_user(request)] = "Messages-Waiting: yes" in request.body
        elif request.method != "ACK":
            self._sip.send(respond(request, 481, new_tag()), source)
