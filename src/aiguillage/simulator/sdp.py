"""The description of a call's sound that INVITE and 200 carry (SDP, RFC 4566): A-law and telephone keys."""

import re
from dataclasses import dataclass
from typing import Literal

KEYS_PAYLOAD = 101
"""RTP payload type of telephone keys in our offers (RFC 4733 leaves it free, most phones take 101)."""


Direction = Literal["sendrecv", "sendonly"]
"""`sendonly`: the other side is on hold (RFC 3264, section 8.4)."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Where one side wants its RTP, and the payload type by which it knows telephone keys."""

    host: str
    port: int
    keys_payload: int


def write_sdp(sound: Sound, direction: Direction = "sendrecv", version: int = 1) -> str:
    """`version` goes up with every change within a call (RFC 3264, section 8)."""
    keys = sound.keys_payload
    lines = (
        "v=0",
        f"o=- {sound.port} {version} IN IP4 {sound.host}",
        "s=-",
        f"c=IN IP4 {sound.host}",
        "t=0 0",
        f"m=audio {sound.port} RTP/AVP 8 {keys}",
        "a=rtpmap:8 PCMA/8000",
        f"a=rtpmap:{keys} telephone-event/8000",
        f"a=fmtp:{keys} 0-15",
        "a=ptime:20",
        f"a={direction}",
    )
    return "\r\n".join(lines) + "\r\n"


def parse_sdp(text: str) -> Sound:
    """The other side's sound. Raises ValueError where it has no A-law or no address."""
    host = re.search(r"^c=IN IP4 (\S+)", text, re.MULTILINE)
    audio = re.search(r"^m=audio ([0-9]+) RTP/AVP ([0-9 ]+)", text, re.MULTILINE)
    if host is None or audio is None or "8" not in audio[2].split():
        raise ValueError("the call offers no A-law over IPv4; write allow=alaw at its endpoint in pjsip.conf")
    keys = re.search(r"^a=rtpmap:([0-9]+) telephone-event/8000", text, re.MULTILINE)
    return Sound(host[1], int(audio[1]), int(keys[1]) if keys else KEYS_PAYLOAD)
