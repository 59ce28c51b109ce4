"""What a simulated phone or outside number does when it rings, told in a few words.

answer            rings, answers at once and talks        busy          486: on the phone
press 12#         answers, hears the prompt, presses 12#    refuse        rings, then 603: pressed "reject"
voicemail         the line's own mailbox answers,         off           480: switched off, or no coverage
                  talks, and presses nothing              unreachable   never answers SIP at all
silent            rings for ever                        reply 503     any SIP failure, 400 to 699

`after 3` rings three seconds first: `answer after 3`, `refuse after 2`, `press 1 after 2`.
`for 4` hangs up after four seconds of talk, or that long after its last key: `answer for 4`, `press 1 after 2 for 4`.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from aiguillage.errors import Refused

Deed = Literal["answer", "press", "voicemail", "busy", "refuse", "off", "silent", "unreachable", "reply"]

_WRITTEN = re.compile(
    r"(?P<deed>[a-z]+)(?: (?P<key>[0-9*#]+))?(?: after (?P<seconds>[0-9]+(?:\.[0-9]+)?))?"
    r"(?: for (?P<talks>[0-9]+(?:\.[0-9]+)?))?"
)
_RINGS = frozenset({"answer", "press", "voicemail", "refuse", "silent"})
_TALKS = frozenset({"answer", "press", "voicemail"})
_FAILURE = re.compile(r"[456][0-9]{2}")
_NEVER_ENDS = frozenset({"silent", "unreachable"})
_MAILBOX_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`seconds` of ringing come before the deed; `key` are those that `press` presses, else empty.

    `talks`: seconds of talk before the phone hangs up; None: it leaves that to the other side. `status` is the
    SIP code that `reply` gives, else 0.
    """

    deed: Deed
    seconds: float = 0.0
    key: str = ""
    talks: float | None = None
    status: int = 0

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
    if written["talks"] and deed not in _TALKS:
        raise Refused(f"{text!r}: {deed} does not talk, so for has no place there")
    if deed == "reply":
        if not _FAILURE.fullmatch(written["key"] or ""):
            raise Refused(f"{text!r}: reply takes a SIP failure, 400 to 699, as in reply 503")
        return Behaviour(deed, float(written["seconds"] or 0), status=int(written["key"]))
    if (deed == "press") != bool(written["key"]):
        raise Refused(f"{text!r}: a key belongs to press, and to press only, as in press 1")
    if deed in _NEVER_ENDS and written["seconds"]:
        raise Refused(f"{text!r}: {deed} has no end, so it takes no seconds; write {deed} alone")
    default = _MAILBOX_SECONDS if deed == "voicemail" else 0.0
    talks = float(written["talks"]) if written["talks"] else None
    return Behaviour(deed, float(written["seconds"] or default), written["key"] or "", talks)


def _known() -> str:
    examples = {"press": "press 1", "reply": "reply 503"}
    words = (examples.get(deed, deed) for deed in get_args(Deed))
    return (
        ", ".join(words) + "; all but silent and unreachable may be followed by after and seconds, "
        "and answer, press and voicemail by for and seconds"
    )
