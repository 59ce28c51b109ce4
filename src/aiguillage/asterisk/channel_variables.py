"""An itinerary as the channel variables that asterisk-conf/extensions.conf reads, set by one AGI command.

One command is one round trip: `EXEC MSet "A=…,B=…"`. The marker ROUTE_OK stands last, so an answer that did not
arrive whole is never followed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from aiguillage.asterisk.fastagi import MAX_COMMAND
from aiguillage.errors import Refused
from aiguillage.routing import itinerary as i
from aiguillage.routing.plan import HANGUP_CAUSES

MAX_VARIABLES = 99
"""That MSet sets; it would take all that follows for the last one's value (pbx_variables.c)."""
MAX_VALUE = 3800
"""Characters, so that `DIAL` of extensions.conf stays below the 4096 of VAR_BUF_SIZE (pbx_private.h): about 80 GSMs."""
MAX_NAME = 80

CONFIRMATION = 16
"""Seconds that a person on a GSM may take to hear the question, twice, and press 1."""

_UNSPEAKABLE = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"\\$`,;|&^<>{}\[\]()]'
)
"""Round brackets, too: within an open one, MSet takes a comma for text, and with it all variables that follow."""
_SAFE_VALUE = re.compile(r"[A-Za-z0-9+@/*&.:_-]*")

Assignment = tuple[str, str]


def command(itinerary: i.Itinerary, decision_id: str) -> str:
    """The AGI line that commits the whole itinerary.

    Raises Refused when it is too long for one line; then Asterisk takes its own timetable.
    """
    pairs = assignments(itinerary, decision_id)
    line = f'EXEC MSet "{",".join(f"{name}={value}" for name, value in pairs)}"'
    if len(pairs) > MAX_VARIABLES or len(line.encode()) > MAX_COMMAND:
        raise Refused(f"the itinerary has {len(itinerary.steps)} steps, too many for one AGI command")
    return line


def assignments(itinerary: i.Itinerary, decision_id: str) -> list[Assignment]:
    """The variables in their order, ROUTE_OK last."""
    steps = list(_taken_by_asterisk(itinerary.steps))
    pairs = [("DECISION", decision_id), ("CHANNEL(language)", itinerary.language)]
    name = speakable(itinerary.caller_name)
    pairs += [("STEPS", str(len(steps)))]
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


def _taken_by_asterisk(steps: Iterable[i.Step]) -> Iterator[i.Ring | i.Play | i.Voicemail | i.HangUp]:
    """The steps that the dialplan knows. A menu goes on to what follows without a key; a queue is passed over."""
    for step in steps:
        match step:
            case i.Menu():
                yield from _taken_by_asterisk(step.otherwise)
            case i.Queue():
                continue
            case i.Ring() | i.Play() | i.Voicemail() | i.HangUp():
                yield step
            case _:
                assert_never(step)


def _step(step: i.Ring | i.Play | i.Voicemail | i.HangUp) -> Iterator[Assignment]:
    match step:
        case i.Ring(legs, seconds):
            confirmed = any(leg.confirm for leg in legs)
            yield "", "ring"
            yield "_LEGS", "&".join(f"{leg.person or ''}@{_dial_string(leg, confirmed)}" for leg in legs)
            yield "_SECONDS", str(seconds)
            yield "_PATIENCE", str(seconds + CONFIRMATION if confirmed else seconds)
        case i.Play(prompt):
            yield "", "play"
            yield "_PROMPT", prompt
        case i.Voicemail(box, greeting):
            person = box.removeprefix("person:")
            yield "", "voicemail"
            yield "_BOX", f"{box}@boxes" if person == box else f"{person}@people"
            yield "_GREETING", greeting or ""
        case i.HangUp(cause):
            yield "", "hangup"
            yield "_CAUSE", str(HANGUP_CAUSES[cause])
        case _:
            assert_never(step)


def _dial_string(leg: i.Leg, beside_confirmed: bool) -> str:
    """What Dial() rings; the Local contexts are explained in extensions.conf."""
    if leg.number is None:
        return f"Local/{leg.endpoint}*{leg.person}@desk/n" if beside_confirmed else f"PJSIP/{leg.endpoint}"
    context = "gsm" if leg.confirm else "line"
    # The first trunk only: failing over to the others belongs to outgoing calls, which follow.
    return f"Local/{leg.number}*{leg.trunks[0]}*{leg.person or ''}*{leg.language}@{context}/n"
