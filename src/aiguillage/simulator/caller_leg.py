"""A call that the simulated operator brings to Asterisk, as its caller lives it."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Literal

from aiguillage.errors import Unavailable
from aiguillage.simulator.leg import Leg
from aiguillage.simulator.sdp import parse_sdp, write_sdp
from aiguillage.simulator.sip_message import Message, parse_party
from aiguillage.simulator.sip_socket import Address, SipSocket

State = Literal["calling", "ringing", "answered", "ended"]

NO_ANSWER = 408
"""The code of a call that Asterisk did not even take."""


class CallerLeg(Leg):
    """`status` is the SIP code that settled the call (200, 486, 603 …), None until then; 487: we hung up first.

    `caller` None withholds the number (RFC 3323).
    """

    def __init__(self, sip: SipSocket, server: Address, caller: str | None, to: str, *, talk: bool) -> None:
        super().__init__(sip, server, secrets.token_hex(12), talk=talk)
        self.ringing: float | None = None
        self.status: int | None = None
        self._caller, self._to = caller, to
        shown = f"<sip:{caller}@{sip.address}>"
        self._local = shown if caller else '"Anonymous" <sip:anonymous@anonymous.invalid>'
        self._target = f"sip:{to}@{server}"
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
        extra = (*privacy, *headers.items(), ("Content-Type", "application/sdp"))
        self._invite = self._request("INVITE", *extra, body=write_sdp(self._stream.sound()))
        self._life = asyncio.create_task(self._see_through(self._invite))
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

    async def _see_through(self, invite: Message) -> None:
        try:
            final = await self._sip.ask(invite, self._peer, self._hear_of)
        except Unavailable:
            self.status = NO_ANSWER
            self._end()
            raise
        self.status = final.status
        if final.status >= 300:
            self._end()
            return
        self._hear_of(final)
        self._remote, self._target = final.header("To"), parse_party(final.header("Contact")).uri
        self._establish()

    def _hear_of(self, response: Message) -> None:
        """Ringing, sound before the answer (183), or the answer's own sound."""
        self._taken.set()
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
