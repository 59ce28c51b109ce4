"""What a simulated phone or outside number does when it rings, told in a few words.

answer            rings, answers at once and talks        busy          486: on the phone
press 1           answers, hears the prompt, presses 1    refuse        rings, then 603: pressed "reject"
voicemail         the line's own mailbox answers,         off           480: switched off, or no coverage
                  talks, and presses nothing              unreachable   never answers SIP at all
silent            rings for ever

`after 3` rings three seconds first: `answer after 3`, `refuse after 2`, `press 1 after 2`.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from aiguillage.errors import Refused

Deed = Literal["answer", "press", "voicemail", "busy", "refuse", "off", "silent", "unreachable"]

_WRITTEN = re.compile(r"(?P<deed>[a-z]+)(?: (?P<key>[0-9*#]))?(?: after (?P<seconds>[0-9]+(?:\.[0-9]+)?))?")
_RINGS = frozenset({"answer", "press", "voicemail", "refuse", "silent"})
_NEVER_ENDS = frozenset({"silent", "unreachable"})
_MAILBOX_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`seconds` of ringing come before the deed; `key` is the one that `press` presses, else empty."""

    deed: Deed
    seconds: float = 0.0
    key: str = ""

    @property
    def rings(self) -> bool:
        """Whether the caller hears it ring: a busy or switched-off phone does not."""
        return self.deed in _RINGS or self.seconds > 0


SILENT = Behaviour("silent")


def parse_behaviour(text: str) -> Behaviour:
    """The behaviour that `text` tells, as listed at the top of this file.

    Raises Refused, which lists the known words.
    """
    written = _WRITTEN.fullmatch(" ".join(text.split()))
    if written is None or written["deed"] not in get_args(Deed):
        raise Refused(f"{text!r} is no behaviour of a phone; write {_known()}")
    deed = cast("Deed", written["deed"])
    if (deed == "press") != bool(written["key"]):
        raise Refused(f"{text!r}: a key belongs to press, and to press only, as in press 1")
    if deed in _NEVER_ENDS and written["seconds"]:
        raise Refused(f"{text!r}: {deed} has no end, so it takes no seconds; write {deed} alone")
    default = _MAILBOX_SECONDS if deed == "voicemail" else 0.0
    return Behaviour(deed, float(written["seconds"] or default), written["key"] or "")


def _known() -> str:
    words = ("press 1" if deed == "press" else deed for deed in get_args(Deed))
    return ", ".join(words) + "; all but silent and unreachable may be followed by after and seconds"
