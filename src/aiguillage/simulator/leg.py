"""One side of a SIP call with its sound: what calling and called legs have in common (RFC 3261, section 12)."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from urllib.parse import quote

from aiguillage.errors import CallGone, Refused, Unavailable
from aiguillage.simulator.rtp import RtpStream
from aiguillage.simulator.sdp import Direction, parse_sdp, write_sdp
from aiguillage.simulator.sip_message import (
    ALLOWED_METHODS,
    Message,
    new_branch,
    new_tag,
    parse_party,
    respond,
    sip_uri,
)
from aiguillage.simulator.sip_socket import RETRANSMISSIONS, Address, SipSocket

_TRANSFER_SECONDS = 30.0
_BOTH_AT_ONCE = 491


class Leg(ABC):
    """Instants are `time.monotonic()` seconds, None for what has not happened.

    `_local` and `_remote` become the From and To of our requests, `_target` is the URI that they go to,
    `_contact` where the other side's requests shall come.
    """

    def __init__(self, sip: SipSocket, peer: Address, call_id: str, *, talk: bool) -> None:
        self.began = time.monotonic()
        self.answered: float | None = None
        self.ended: float | None = None
        self.call_id = call_id
        self._received: list[Message] = []
        self._sip, self._peer = sip, peer
        self._tag = new_tag()
        self._local = self._remote = self._target = ""
        self._contact = f"<sip:{sip.address}>"
        self._number = 0
        self._stream = RtpStream(sip.address.host, talk=talk)
        self._settled, self._over = asyncio.Event(), asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._referred: asyncio.Future[int | None] | None = None
        self._direction: Direction = "sendrecv"
        self._version = 1

    @property
    def talked_seconds(self) -> float:
        """From the answer to the end, or to now."""
        return (self.ended or time.monotonic()) - self.answered if self.answered else 0.0

    @property
    def heard_seconds(self) -> float:
        """How much sound, not silence, came from the other side."""
        return self._stream.heard_seconds

    @property
    def received(self) -> tuple[Message, ...]:
        """Every SIP message that came for this call, requests and responses, in order, repeated ones too."""
        return tuple(self._received)

    @property
    def heard(self) -> bytes:
        """The sound that came from the other side, A-law at 8000 samples a second, the first minute of it."""
        return bytes(self._stream.heard)

    async def wait_audible(self, seconds: float) -> None:
        """Until the other side is heard from now on. Raises TimeoutError, and CallGone where the call ends before."""
        await self._stream.wait_audible(seconds)

    async def press(self, keys: str) -> None:
        """Press telephone keys one after the other, 0.3 s each; returns when they are sent."""
        await self._stream.press(keys)

    async def wait_over(self) -> None:
        """Until the call is over, whoever ended it, however long that takes."""
        await self._over.wait()

    async def hang_up(self) -> None:
        """End the call, answered or not. Nothing happens where it is over."""
        if self.ended is None and self.answered is not None:
            bye = self._request("BYE")
            self._end()
            await self._sip.ask(bye, self._peer)
        elif self.ended is None:
            await self._give_up()

    async def transfer(self, to: str) -> int:
        """Hand the other side over to `to` (REFER, RFC 3515); the status that the new call came to, or a refusal's.

        At 200 this call is hung up. Raises CallGone where it is over before Asterisk says how that went,
        TimeoutError after 30 s.
        """
        return await self._refer(f"<{sip_uri(to, self._peer)}>")

    async def transfer_to(self, other: "Leg") -> int:
        """Connect the other sides of this call and of `other`, and leave both (RFC 3891); as for `transfer`."""
        theirs = parse_party(other._remote).tag  # noqa: SLF001  a leg like this one
        replaces = f"{other.call_id};to-tag={theirs};from-tag={other._tag}"  # noqa: SLF001
        return await self._refer(f"<{other._target}?Replaces={quote(replaces, safe='')}>")  # noqa: SLF001

    async def _refer(self, target: str) -> int:
        """Once the other side is elsewhere, who has transferred hangs up (RFC 5589, section 6.1): Asterisk waits."""
        if self.answered is None or self.ended is not None:
            raise CallGone("nobody talks in this call, so nobody can be transferred")
        referred: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._referred = referred
        by = ("Referred-By", f"<{parse_party(self._local).uri}>")
        answer = await self._sip.ask(self._request("REFER", ("Refer-To", target), by), self._peer)
        if answer.status >= 300:
            return answer.status
        async with asyncio.timeout(_TRANSFER_SECONDS):
            status = await referred
        if status is None:
            raise CallGone("the call was over before Asterisk said how the transfer went")
        if status == 200:
            await self.hang_up()
        return status

    async def hold(self) -> None:
        """Put the other side on hold; what it hears then is Asterisk's choice.

        Raises CallGone where nobody talks, Refused where Asterisk does not do it.
        """
        await self._redescribe("sendonly")

    async def resume(self) -> None:
        """Take the call back from hold. Raises as `hold` does."""
        await self._redescribe("sendrecv")

    async def _redescribe(self, direction: Direction) -> None:
        """INVITE within the call. Asterisk may be about to do the same: then ours is refused, and said again."""
        for patience in (*RETRANSMISSIONS, 0):
            if self.answered is None or self.ended is not None:
                raise CallGone(f"nobody talks in this call, so it cannot become {direction}")
            self._version += 1
            self._stream.held, self._direction = direction == "sendonly", direction
            invite = self._request("INVITE", ("Content-Type", "application/sdp"), body=self._description())
            answer = await self._sip.ask(invite, self._peer)
            if answer.status == 200:
                self._stream.connect(parse_sdp(answer.body))
                return
            if answer.status != _BOTH_AT_ONCE:
                break
            await asyncio.sleep(patience)
        raise Refused(f"Asterisk refuses to make the call {direction}: {answer.first_line.removeprefix('SIP/2.0 ')}")

    def _description(self) -> str:
        return write_sdp(self._stream.sound(), self._direction, self._version)

    async def close(self) -> None:
        """Hang up, even where Asterisk is gone. Raises what went wrong in the call's life, if anything did."""
        try:
            with suppress(Unavailable):
                await self.hang_up()
        finally:  # nobody may want to wait for that
            self._end()
            if self._life is not None:
                self._life.cancel()
        if self._life is None:
            return
        await asyncio.wait({self._life})
        failure = None if self._life.cancelled() else self._life.exception()
        if failure is not None and not isinstance(failure, Unavailable):
            raise failure

    def note(self, message: Message) -> None:
        """Write down what came for this call; `take` acts on it."""
        self._received.append(message)

    def take(self, request: Message) -> None:
        """A request of the other side within this call."""
        match request.method:
            case "ACK":
                pass
            case "BYE":
                self._reply(request, 200)
                self._end()
            case "INVITE" if self.ended is None:
                self._move_sound(request)
            case "UPDATE":
                self._reply(request, 200)
            case "NOTIFY":
                self._reply(request, 200)
                self._hear_of_transfer(request)
            case _:
                self._reply(request, 405 if self.ended is None else 481)

    def _hear_of_transfer(self, notify: Message) -> None:
        """`SIP/2.0 200 OK` in a NOTIFY is how the transferred call went (RFC 3515, section 2.4.5)."""
        told = re.match(r"SIP/2\.0 ([2-6][0-9]{2})", notify.body)
        if told is not None:
            self._tell_transfer(int(told[1]))

    def _tell_transfer(self, status: int | None) -> None:
        if self._referred is not None and not self._referred.done():
            self._referred.set_result(status)

    def _move_sound(self, request: Message) -> None:
        """Asterisk moves a call's sound by INVITE within the call, e.g. straight to the other phone."""
        try:
            self._stream.connect(parse_sdp(request.body))
        except ValueError:
            self._reply(request, 488)
        else:
            self._version += 1
            self._reply(request, 200, body=self._description())

    @abstractmethod
    async def _give_up(self) -> None:
        """Hang up before the answer."""

    def _establish(self) -> None:
        self.answered = time.monotonic()
        self._settled.set()

    def _end(self) -> None:
        if self.ended is None:
            self.ended = time.monotonic()
            self._stream.close()
            self._settled.set()
            self._over.set()
            self._tell_transfer(None)

    def _request(self, method: str, *extra: tuple[str, str], body: str = "") -> Message:
        self._number += 1
        headers = (
            self._sip.via(new_branch()),
            ("Max-Forwards", "70"),
            ("From", f"{self._local};tag={self._tag}"),
            ("To", self._remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._number} {method}"),
            ("Contact", self._contact),
            ("Allow", ALLOWED_METHODS),
            *extra,
        )
        return Message(f"{method} {self._target} SIP/2.0", headers, body)

    def _reply(self, request: Message, status: int, body: str = "") -> Message:
        response = respond(request, status, self._tag, ("Contact", self._contact), body=body)
        self._sip.send(response, self._peer)
        return response
