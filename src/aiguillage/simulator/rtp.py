"""One call's sound: RTP with A-law (RFC 3550, 3551), telephone keys as events (RFC 4733)."""

import asyncio
import secrets
import socket
import struct
from collections import deque
from contextlib import suppress

from aiguillage.errors import CallGone, Refused
from aiguillage.simulator.sdp import KEYS_PAYLOAD, Sound
from aiguillage.simulator.sound import AUDIBLE, FRAME_SAMPLES, FRAME_SECONDS, SILENCE, SPEECH, loudness

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_VERSION = 0x80
_MARKER = 0x80
_END = 0x80
_PCMA = 8
_KEYS = "0123456789*#"
_KEY_FRAMES = 8
_KEY_END_PACKETS = 3
_KEY_VOLUME = 10
_PAUSE_FRAMES = 6
_LARGEST_PACKET = 2048
MOST_HEARD = 60 * 8000
"""Samples that are kept of a call."""


class RtpStream:
    """Sends a frame every 20 ms, speech (a tone) or silence, and adds up what it hears.

    `held`: silence in any case. Made inside a running loop; listens from the start and sends from `connect` to `close`.
    """

    def __init__(self, host: str, *, talk: bool) -> None:
        self.heard_seconds = 0.0
        self.heard = bytearray()
        self.held = False
        self._voice = SPEECH if talk else SILENCE
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._receive)
        self._remote: Sound | None = None
        self._task: asyncio.Task[None] | None = None
        self._keys: deque[tuple[str, asyncio.Future[None]]] = deque()
        self._audible = asyncio.Event()
        self._source, self._sequence, self._timestamp = secrets.randbits(32), secrets.randbits(15), 0
        self._due = 0.0

    def sound(self) -> Sound:
        """What our SDP says; an answer takes the other side's payload type for keys."""
        host, port = self._socket.getsockname()
        return Sound(host, port, self._remote.keys_payload if self._remote else KEYS_PAYLOAD)

    def connect(self, remote: Sound) -> None:
        """Send to `remote` from now on; again where the other side moves its sound."""
        self._remote = remote
        if self._task is None:
            self._due = self._loop.time()
            self._task = asyncio.create_task(self._send())

    async def press(self, keys: str) -> None:
        """Press `keys` one after the other; returns when the last is sent.

        Raises Refused for what is no key, CallGone where the call is over before.
        """
        if not keys or set(keys) - set(_KEYS):
            raise Refused(f"{keys!r} are no telephone keys; write digits, * and #")
        if self._closed():
            raise CallGone(f"the call was over before key {keys} was pressed")
        sent = [self._loop.create_future() for _ in keys]
        self._keys.extend(zip(keys, sent, strict=True))
        await asyncio.gather(*sent)

    async def wait_audible(self, seconds: float) -> None:
        """Until the other side is heard from now on. Raises TimeoutError, and CallGone where the call ends before."""
        self._audible.clear()
        if not self._closed():
            async with asyncio.timeout(seconds):
                await self._audible.wait()
        if self._closed():
            raise CallGone("the call was over before anything was heard")

    def close(self) -> None:
        """Free the port. Whoever waits for keys to be sent gets CallGone."""
        if self._task is not None:
            self._task.cancel()
        for key, sent in self._keys:
            sent.set_exception(CallGone(f"the call was over before key {key} was sent"))
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._audible.set()

    def _closed(self) -> bool:
        return self._socket.fileno() == -1

    def _receive(self) -> None:
        with suppress(OSError):  # BlockingIOError when all is read; an ICMP answer to a packet sent too late
            while True:
                packet, source = self._socket.recvfrom(_LARGEST_PACKET)
                self._listen(packet, source)

    def _listen(self, packet: bytes, source: tuple[str, int]) -> None:
        if self._remote is None or source != (self._remote.host, self._remote.port):
            return
        if len(packet) <= _HEADER.size or packet[1] & 0x7F != _PCMA:
            return
        frame = packet[_HEADER.size :]
        if len(self.heard) < MOST_HEARD:
            self.heard += frame
        if loudness(frame) > AUDIBLE:
            self.heard_seconds += len(frame) / 8000
            self._audible.set()

    async def _send(self) -> None:
        self._send_packet(_PCMA | _MARKER, self._voice)
        while True:
            await self._next_frame()
            if self._keys:
                await self._send_key(*self._keys[0])
            else:
                self._send_packet(_PCMA, SILENCE if self.held else self._voice)

    async def _send_key(self, key: str, sent: asyncio.Future[None]) -> None:
        """All packets of a key carry the time it began, and how long it has lasted (RFC 4733, section 2.5).

        Its three end packets leave in one go: Asterisk may act on the first, and the key then counts as sent.
        """
        began, payload = self._timestamp, self._remote.keys_payload if self._remote else KEYS_PAYLOAD
        for count in range(1, _KEY_FRAMES + 1):
            event = _EVENT.pack(_KEYS.index(key), _KEY_VOLUME, count * FRAME_SAMPLES)
            self._send_packet(payload | (_MARKER if count == 1 else 0), event, began)
            await self._next_frame()
        for _ in range(_KEY_END_PACKETS):
            event = _EVENT.pack(_KEYS.index(key), _END | _KEY_VOLUME, _KEY_FRAMES * FRAME_SAMPLES)
            self._send_packet(payload, event, began)
        self._keys.popleft()
        sent.set_result(None)
        for _ in range(_PAUSE_FRAMES):
            await self._next_frame()
            self._send_packet(_PCMA, SILENCE)

    def _send_packet(self, payload: int, content: bytes, timestamp: int | None = None) -> None:
        stamp = self._timestamp if timestamp is None else timestamp
        packet = _HEADER.pack(_VERSION, payload, self._sequence, stamp, self._source) + content
        if self._remote is not None:
            with suppress(OSError):  # the other side may be gone before its BYE is read
                self._socket.sendto(packet, (self._remote.host, self._remote.port))
        self._sequence = (self._sequence + 1) & 0xFFFF

    async def _next_frame(self) -> None:
        """Wait until the next frame is due; a machine that was late does not try to make up for it."""
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        self._due = max(self._due + FRAME_SECONDS, self._loop.time() - FRAME_SECONDS)
        await asyncio.sleep(self._due - self._loop.time())
