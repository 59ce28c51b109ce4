"""An itinerary as the channel variables that asterisk-conf/extensions.conf reads, set by one AGI command.

One command is one round trip: `EXEC MSet "A=…,B=…"`. The marker ROUTE_OK stands last, so an answer that did not
arrive whole is never followed.
"""

import re
from collections.abc import Iterator
from typing import assert_never

from aiguillage.asterisk.fastagi import MAX_COMMAND
from aiguillage.errors import Refused
from aiguillage.routing import itinerary as i
from aiguillage.routing.plan import HANGUP_CAUSES

MAX_VARIABLES = 99
"""That MSet sets; it would take all that follows for the last one's value (pbx_variables.c)."""
MAX_VALUE = 3800
"""Characters, so that `DIAL` of extensions.conf stays below the 4096 of VAR_BUF_SIZE (pbx_private.h): about 90 GSMs."""
MAX_NAME = 80

NOBODY_AVAILABLE = "builtin/nobody-available"
"""The greeting of a person's own box."""

CONFIRMATION = 16
"""Seconds that a person on a GSM may take to hear the question, twice, and press 1."""

_UNSPEAKABLE = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"\\$`,;|&^<>{}\[\]()]'
)
"""Round brackets, too: within an open one, MSet takes a comma for text, and with it all variables that follow."""
_SAFE_VALUE = re.compile(r"[A-Za-z0-9+@/*#&.:_-]*")

Assignment = tuple[str, str]


def command(itinerary: i.Itinerary, decision_id: str, announce: str = "") -> str:
    """The AGI line that commits the whole itinerary. `announce`: the file that tells a GSM who calls, or empty.

    Raises Refused when it is too long for one line; then Asterisk takes its own timetable.
    """
    pairs = assignments(itinerary, decision_id, announce)
    line = f'EXEC MSet "{",".join(f"{name}={value}" for name, value in pairs)}"'
    if len(pairs) > MAX_VARIABLES or len(line.encode()) > MAX_COMMAND:
        raise Refused(f"the itinerary has {len(itinerary.steps)} steps, too many for one AGI command")
    return line


def assignments(itinerary: i.Itinerary, decision_id: str, announce: str = "") -> list[Assignment]:
    """The variables in their order, ROUTE_OK last. Legs inherit what begins with __."""
    steps = list(i.in_line(itinerary.steps))
    name = speakable(itinerary.caller_name)
    pairs = [
        ("DECISION", decision_id),
        ("CHANNEL(language)", itinerary.language),
        ("__OURS", itinerary.ours or ""),
        ("__ANNOUNCE", announce),
        ("STEPS", str(len(steps))),
    ]
    for number, step in enumerate(steps, start=1):
        pairs += [(f"STEP_{number}{suffix}", value) for suffix, value in _step(step)]
    for variable, value in pairs:
        if len(value) > MAX_VALUE or not _SAFE_VALUE.fullmatch(value):
            raise Refused(f"{variable} cannot be handed to Asterisk: {value[:60]!r}")
    if name:
        pairs.append(("CALLERID(name)", name))
    return [*pairs, ("ROUTE_OK", "1")]


def speakable(name: str) -> str:
    """A display name without anything that Asterisk or a phone might read as more than a name."""
    return " ".join(_UNSPEAKABLE.sub(" ", name).split())[:MAX_NAME]


def _step(step: i.Step) -> Iterator[Assignment]:
    match step:
        case i.Ring(legs, seconds):
            confirmed = any(leg.confirm for leg in legs)
            yield "", "ring"
            yield "_DIAL", "&".join(dial_string(leg, apart=confirmed) for leg in legs)
            yield "_WHO", "&".join(leg.person or "+" for leg in legs)
            yield "_SECONDS", str(seconds)
            yield "_PATIENCE", str(seconds + CONFIRMATION if confirmed else seconds)
        case i.Play(prompt):
            yield "", "play"
            yield "_PROMPT", prompt
        case i.Menu():
            yield "", "menu"
            yield "_MENU", step.menu
            yield "_PROMPT", step.prompt
            yield "_KEYS", step.keys
            yield "_WAIT", str(step.wait)
            yield "_ATTEMPTS", str(step.attempts)
            yield "_EXTENSIONS", "1" if step.extensions else ""
        case i.Queue(queue, seconds, callback):
            yield "", "queue"
            yield "_QUEUE", queue
            yield "_SECONDS", str(seconds)
            yield "_CALLBACK", "1" if callback else ""
        case i.DialOut(number, trunks, shows):
            yield "", "outside"
            yield "_NUMBER", number
            yield "_TRUNKS", ":".join(trunks)
            yield "_SHOWS", shows
        case i.Voicemail(box, greeting):
            person = box.removeprefix("person:")
            yield "", "voicemail"
            yield "_BOX", f"{box}@boxes" if person == box else f"{person}@people"
            yield "_GREETING", greeting or ("" if person == box else NOBODY_AVAILABLE)
        case i.HangUp(cause):
            yield "", "hangup"
            yield "_CAUSE", str(HANGUP_CAUSES[cause])
        case _:
            assert_never(step)


def dial_string(leg: i.Leg, *, apart: bool) -> str:
    """What Dial() rings; the Local contexts are explained in extensions.conf. `apart`: a desk phone as one, too."""
    if leg.number is None:
        return f"Local/{leg.endpoint}*{leg.person}@desk/n" if apart else f"PJSIP/{leg.endpoint}"
    context = "gsm" if leg.confirm else "line"
    return f"Local/{leg.number}*{':'.join(leg.trunks)}*{leg.person or ''}*{leg.language}@{context}/n"
