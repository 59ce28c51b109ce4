"""A call that the simulated operator brings to Asterisk, or that a registered phone dials, as its caller lives it.

A phone's INVITE is refused with a challenge first (RFC 3261, section 22.2): the same call is then asked for again,
with the password.
"""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aiguillage.errors import Refused, Unavailable
from aiguillage.simulator.digest import CHALLENGES, Credentials, authorization
from aiguillage.simulator.leg import Leg
from aiguillage.simulator.sdp import parse_sdp, write_sdp
from aiguillage.simulator.sip_message import Message, parse_party, sip_uri
from aiguillage.simulator.sip_socket import Address, SipSocket

WITHHELD = '"Anonymous" <sip:anonymous@anonymous.invalid>'
"""The From of a caller who does not show the number (RFC 3323, section 4.1.1.3)."""

State = Literal["calling", "ringing", "answered", "ended"]


@dataclass(frozen=True, slots=True)
class Caller:
    """`user` is a number outside (None: withheld, RFC 3323), or the endpoint of a phone of ours with its `account`.

    `name` is shown beside it; empty where nothing is.
    """

    user: str | None
    name: str = ""
    account: Credentials | None = None

    def written(self, host: Address) -> str:
        """The From of a call, still without its tag."""
        if self.user is None:
            return WITHHELD
        escaped = self.name.replace("\\", r"\\").replace('"', r"\"")
        shown = f'"{escaped}" ' if escaped else ""
        return f"{shown}<{sip_uri(self.user, host)}>"


class CallerLeg(Leg):
    """`status` is the SIP code that settled the call (200, 486, 603 …; 487: the caller gave up), None until then.

    401 or 403: Asterisk refuses the password of the phone that dials.
    """

    def __init__(self, sip: SipSocket, server: Address, caller: Caller, to: str, *, talk: bool) -> None:
        super().__init__(sip, server, secrets.token_hex(12), talk=talk)
        self.ringing: float | None = None
        self.status: int | None = None
        self._caller, self._to = caller, to
        self._local = caller.written(server if caller.account else sip.address)
        if caller.account is not None:
            self._contact = f"<{sip_uri(caller.account.user, sip.address)}>"
        self._target = sip_uri(to, server)
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
        privacy = (("Privacy", "id"),) if self._caller.user is None else ()
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

    async def _invited(self, headers: tuple[tuple[str, str], ...], *, again: bool = False) -> Message:
        """The final response to an INVITE with `headers`, asked `again` with the password where that is wanted."""
        extra = (*headers, ("Content-Type", "application/sdp"))
        self._invite = self._request("INVITE", *extra, body=write_sdp(self._stream.sound()))
        final = await self._sip.ask(self._invite, self._peer, self._hear_of)
        account = self._caller.account
        if account is None or final.status not in CHALLENGES or again:
            return final
        return await self._invited((*headers, authorization(self._invite, final, account)), again=True)

    async def _see_through(self, headers: tuple[tuple[str, str], ...]) -> None:
        try:
            final = await self._invited(headers)
            self._hear_of(final)
        except (Refused, Unavailable, ValueError):
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
            caller = self._caller.user or "a withheld number"
            raise TimeoutError(
                f"the call from {caller} to {self._to} is still {self.state} after {seconds:g} s"
            ) from None
