"""A call that reaches a simulated phone or outside number, and the record that it leaves."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from aiguillage.errors import CallGone, Unavailable
from aiguillage.simulator.behaviour import Behaviour, Deed
from aiguillage.simulator.leg import Leg
from aiguillage.simulator.sdp import parse_sdp, write_sdp
from aiguillage.simulator.sip_message import Message, parse_party
from aiguillage.simulator.sip_socket import RETRANSMISSIONS, Address, SipSocket

Outcome = Literal["ringing", "answered", "busy", "refused", "off", "cancelled", "unacceptable", "unreachable", "failed"]

_REFUSALS: dict[Deed, tuple[int, Outcome]] = {
    "busy": (486, "busy"),
    "refuse": (603, "refused"),
    "off": (480, "off"),
}
_PROMPT_BEGINS_WITHIN = 5.0
_LISTENS_BEFORE_KEY = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ringing:
    """One call to `who` (an endpoint or an E.164 number), as it stands or as it ended.

    `began` is monotonic seconds, `began_at` the same instant in UTC. `caller_number` is None where it is
    withheld. `outcome` stays `answered` after the talk; `cancelled`: the caller gave up, or another phone
    was faster. `headers` are the INVITE's, in their order.
    """

    who: str
    began: float
    began_at: datetime
    outcome: Outcome
    rung_seconds: float
    talked_seconds: float
    heard_seconds: float
    pressed: str
    caller_number: str | None
    caller_name: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)

    def header(self, name: str) -> str:
        """The first header of that name, in any case of letters; empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class CalledLeg(Leg):
    """Obeys `behaviour` from the moment it is made. Whoever answers talks until the other side hangs up."""

    def __init__(self, sip: SipSocket, peer: Address, invite: Message, who: str, behaviour: Behaviour) -> None:
        caller, target = parse_party(invite.header("From")), parse_party(invite.header("Contact")).uri
        super().__init__(sip, peer, invite.call_id, talk=True)
        self._caller, self._target = caller, target
        self.who, self._invite, self._behaviour = who, invite, behaviour
        self._began_at = datetime.now(UTC)
        self._local, self._remote = invite.header("To"), invite.header("From")
        self._outcome: Outcome = "unreachable" if behaviour.deed == "unreachable" else "ringing"
        self._pressed = ""
        self._last: Message | None = None
        self._acknowledged = asyncio.Event()
        self.note(invite)
        self._life = asyncio.create_task(self._obey())

    def ringing(self) -> Ringing:
        """The record of this call as it stands now."""
        rang = self._behaviour.rings
        return Ringing(
            who=self.who,
            began=self.began,
            began_at=self._began_at,
            outcome=self._outcome,
            rung_seconds=(self.answered or self.ended or time.monotonic()) - self.began if rang else 0.0,
            talked_seconds=self.talked_seconds,
            heard_seconds=self.heard_seconds,
            pressed=self._pressed,
            caller_number=None if self._caller.user == "anonymous" else self._caller.user,
            caller_name=self._caller.name,
            headers=self._invite.headers,
        )

    def take(self, request: Message) -> None:
        match request.method:
            case "INVITE" if request.branch == self._invite.branch:
                if self._last is not None:
                    self._sip.send(self._last, self._peer)
            case "ACK":
                self._acknowledged.set()
            case "CANCEL":
                self._reply(request, 200)
                if self.ended is None and self.answered is None:
                    self._stop_obeying(487, "cancelled")
            case _:
                super().take(request)

    async def _obey(self) -> None:
        deed = self._behaviour.deed
        if deed == "unreachable":
            return
        try:
            offered = parse_sdp(self._invite.body)
        except ValueError as wrong:
            _log.warning("%s cannot take a call: %s", self.who, wrong)
            self._settle("unacceptable")
            await self._insist(488)
            return
        if self._behaviour.rings:
            self._last = self._reply(self._invite, 180)
        if deed == "silent":
            return
        await asyncio.sleep(self._behaviour.seconds)
        if deed == "reply":
            self._settle("failed")
            await self._insist(self._behaviour.status)
            return
        if deed in _REFUSALS:
            status, outcome = _REFUSALS[deed]
            self._settle(outcome)
            await self._insist(status)
            return
        self._stream.connect(offered)
        self._outcome = "answered"
        self._establish()
        await self._insist(200, write_sdp(self._stream.sound()))
        if deed == "press":
            await self._press_key()
        if self._behaviour.talks is not None:
            await asyncio.sleep(self._behaviour.talks)
            await self._hang_up_by_itself()

    async def _press_key(self) -> None:
        """As a person does: pick up, hear the prompt begin, press."""
        with suppress(TimeoutError, CallGone):
            await self._stream.wait_audible(_PROMPT_BEGINS_WITHIN)
        await asyncio.sleep(_LISTENS_BEFORE_KEY)
        with suppress(CallGone):
            await self.press(self._behaviour.key)
            self._pressed += self._behaviour.key

    async def _hang_up_by_itself(self) -> None:
        """The life that this runs in must not be cancelled by the end of the call."""
        with suppress(Unavailable):
            await self.hang_up()

    def _stop_obeying(self, status: int, outcome: Outcome) -> asyncio.Task[None]:
        if self._life is not None:
            self._life.cancel()
        self._settle(outcome)
        self._life = asyncio.create_task(self._insist(status))
        return self._life

    def _settle(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._end()

    async def _give_up(self) -> None:
        await self._stop_obeying(480, "off")

    async def _insist(self, status: int, body: str = "") -> None:
        """Say the final response until it is acknowledged (RFC 3261, sections 13.3.1.4 and 17.2.1)."""
        for patience in RETRANSMISSIONS:
            self._last = self._reply(self._invite, status, body)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._acknowledged.wait()
                return
