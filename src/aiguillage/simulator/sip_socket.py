"""One UDP port that speaks SIP: requests out until they are answered, requests in (RFC 3261, section 17)."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from aiguillage.errors import Refused, Unavailable
from aiguillage.simulator.sip_message import Message, new_branch, parse_message, parse_party

RETRANSMISSIONS: Sequence[float] = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait for an answer before saying it again; then nobody is there. T1, doubled, cut short of 64*T1."""

_LARGEST_PACKET = 65535
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`127.0.0.1:5090`. Raises Refused for a host name or a missing port."""
    host, _, port = text.rpartition(":")
    try:
        return Address(str(IPv4Address(host)), int(port))
    except ValueError:
        raise Refused(f"{text!r} is no SIP address; write an IPv4 address and a port: 127.0.0.1:5090") from None


class SipSocket:
    """Listens at once, on exactly `bind`; made inside a running loop. Raises Unavailable where the port is taken.

    `on_message(message)` gets everything that is said to us, even twice. Then `on_request(request, source)` gets
    every request; answers to it leave by `send`.
    """

    def __init__(
        self, bind: Address, on_request: Callable[[Message, Address], None], on_message: Callable[[Message], None]
    ) -> None:
        self._on_request, self._on_message = on_request, on_message
        self._answers: dict[tuple[str, str], asyncio.Queue[Message]] = {}
        self._acks: dict[str, tuple[Message, Address]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind((bind.host, bind.port))
        except OSError as wrong:
            self._socket.close()
            raise Unavailable(
                f"the simulator cannot listen for SIP on {bind}/udp: {wrong.strerror}; "
                f"stop what uses that port (see: ss -lunp), or give another"
            ) from None
        self.address = Address(*self._socket.getsockname())
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def send(self, message: Message, to: Address) -> None:
        """Once, without waiting. A full buffer counts as a lost packet: SIP says things again."""
        with suppress(BlockingIOError):
            self._socket.sendto(bytes(message), (to.host, to.port))

    async def ask(
        self, request: Message, to: Address, on_provisional: Callable[[Message], None] = lambda response: None
    ) -> Message:
        """The final response to `request`, which is said again until anything comes back.

        The final response to an INVITE is acknowledged here. Raises Unavailable where nobody answers in 7.5 s.
        """
        key = (request.branch, request.method)
        answers = self._answers[key] = asyncio.Queue()
        try:
            response = await self._say(request, to, answers)
            while response.status < 200:
                on_provisional(response)
                response = await answers.get()
        finally:
            del self._answers[key]
        if request.method == "INVITE":
            self._acks[request.branch] = (_acknowledge(request, response), to)
            self.send(*self._acks[request.branch])
        return response

    def via(self, branch: str) -> tuple[str, str]:
        """The Via header of a request of ours; `rport` asks for the answer to come back here (RFC 3581)."""
        return ("Via", f"SIP/2.0/UDP {self.address};rport;branch={branch}")

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def _say(self, request: Message, to: Address, answers: asyncio.Queue[Message]) -> Message:
        for patience in RETRANSMISSIONS:
            self.send(request, to)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    return await answers.get()
        raise Unavailable(f"nobody answers SIP {request.method} at {to}; is Asterisk running, and its port right?")

    def _receive(self) -> None:
        with suppress(OSError):  # BlockingIOError when all is read; an ICMP answer to a packet nobody took
            while True:
                packet, (host, port) = self._socket.recvfrom(_LARGEST_PACKET)
                self._take(packet, Address(host, port))

    def _take(self, packet: bytes, source: Address) -> None:
        try:
            message = parse_message(packet)
            self._on_message(message)
            if not message.status:
                self._on_request(message, source)
        except ValueError as wrong:
            _log.warning("dropped a packet from %s: %s", source, wrong)
            return
        if (message.branch, message.method) in self._answers:
            self._answers[message.branch, message.method].put_nowait(message)
        elif message.status >= 200 and message.branch in self._acks:
            self.send(*self._acks[message.branch])


def _acknowledge(invite: Message, response: Message) -> Message:
    """The ACK: in the INVITE's transaction after a refusal (17.1.1.3), in its own after a 200 (13.2.2.4)."""
    ack = replace(invite, first_line=f"ACK {invite.uri} SIP/2.0", body="")
    via = invite.header("Via")
    if response.status < 300:
        ack = replace(ack, first_line=f"ACK {parse_party(response.header('Contact')).uri} SIP/2.0")
        via = via.replace(invite.branch, new_branch())
    kept = [(name, value) for name, value in ack.headers if name in {"From", "Call-ID", "Max-Forwards"}]
    headers = (("Via", via), *kept, ("To", response.header("To")), ("CSeq", f"{invite.number} ACK"))
    return replace(ack, headers=headers)
