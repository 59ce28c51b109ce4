"""A call that the simulated operator brings to Asterisk, as its caller lives it."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from aiguillage.errors import Unavailable
from aiguillage.simulator.digest import Credentials, answer_challenge
from aiguillage.simulator.leg import Leg
from aiguillage.simulator.sdp import parse_sdp, write_sdp
from aiguillage.simulator.sip_message import Message, parse_party
from aiguillage.simulator.sip_socket import Address, SipSocket

WITHHELD = '"Anonymous" <sip:anonymous@anonymous.invalid>'
"""The From of a caller who does not show the number (RFC 3323, section 4.1.1.3)."""

State = Literal["calling", "ringing", "answered", "ended"]


class CallerLeg(Leg):
    """`status` is the SIP code that settled the call (200, 486, 603 …; 487: the caller gave up), None until then.

    `caller` None withholds the number (RFC 3323). `account`: one of our phones dials, and says its password when
    it is asked (RFC 3261, section 22.2).
    """

    def __init__(
        self,
        sip: SipSocket,
        server: Address,
        caller: str | None,
        to: str,
        *,
        talk: bool,
        account: Credentials | None = None,
    ) -> None:
        super().__init__(sip, server, secrets.token_hex(12), talk=talk)
        self.ringing: float | None = None
        self.status: int | None = None
        self._caller, self._to, self._account = caller, to, account
        self._local = f"<sip:{quote(caller, safe='+*')}@{sip.address}>" if caller else WITHHELD
        self._target = f"sip:{quote(to, safe='+*')}@{server}"
        self._remote = f"<{self._target}>"
        self._invite: Message | None = None
        self._taken = asyncio.Event()

    @property
    def state(self) -> State:
        if self.ended is not None:
            return "ended"
        if self.answered is not None:
            return "answered"
        return "calling" if self.ringing is None else "ringing"

    async def place(self, headers: Mapping[str, str]) -> None:
        """Send the INVITE; returns when Asterisk has taken the call. Raises Unavailable where nobody answers."""
        privacy = () if self._caller else (("Privacy", "id"),)
        self._life = asyncio.create_task(self._see_through((*privacy, *headers.items())))
        self._life.add_done_callback(lambda _: self._taken.set())
        await self._taken.wait()
        if self._life.done():
            await self._life

    async def wait_answered(self, seconds: float) -> None:
        """Until the call is answered, or over: `state` says which. Raises TimeoutError after `seconds`."""
        await self._wait(self._settled, seconds)

    async def wait_ended(self, seconds: float) -> None:
        """Until the call is over, whoever ended it. Raises TimeoutError after `seconds`."""
        await self._wait(self._over, seconds)

    async def _invited(self, headers: tuple[tuple[str, str], ...]) -> Message:
        """The final response to an INVITE with `headers`."""
        extra = (*headers, ("Content-Type", "application/sdp"))
        self._invite = self._request("INVITE", *extra, body=write_sdp(self._stream.sound()))
        return await self._sip.ask(self._invite, self._peer, self._hear_of)

    async def _see_through(self, headers: tuple[tuple[str, str], ...]) -> None:
        try:
            final = await self._invited(headers)
            if final.status == 401 and self._account is not None:
                challenge, uri = final.header("WWW-Authenticate"), self._target
                answer = answer_challenge(challenge, "INVITE", uri, self._account, secrets.token_hex(8))
                final = await self._invited((*headers, ("Authorization", answer)))
            self._hear_of(final)
        except (Unavailable, ValueError):
            self._end()
            raise
        self.status = final.status
        if final.status >= 300:
            self._end()
            return
        self._remote, self._target = final.header("To"), parse_party(final.header("Contact")).uri
        self._establish()

    def _hear_of(self, response: Message) -> None:
        """Ringing, sound before the answer (183), or the answer's own sound."""
        self._taken.set()
        self.received.append(response)
        if response.status == 180 and self.ringing is None:
            self.ringing = time.monotonic()
        if response.body:
            self._stream.connect(parse_sdp(response.body))

    async def _give_up(self) -> None:
        """CANCEL (RFC 3261, section 9.1). An answer that was already on its way is hung up after all."""
        if self._invite is None:
            self._end()
            return
        kept = ("Via", "From", "To", "Call-ID", "Max-Forwards")
        headers = [(name, value) for name, value in self._invite.headers if name in kept]
        headers.append(("CSeq", f"{self._invite.number} CANCEL"))
        await self._sip.ask(Message(f"CANCEL {self._invite.uri} SIP/2.0", tuple(headers)), self._peer)
        await self._settled.wait()
        await self.hang_up()

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            caller = self._caller or "a withheld number"
            raise TimeoutError(
                f"the call from {caller} to {self._to} is still {self.state} after {seconds:g} s"
            ) from None
