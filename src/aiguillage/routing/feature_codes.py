"""What people dial on their desk phone to say where they are: codes as Belgian networks have them.

*21*NUMBER#   all my calls go to NUMBER        #21#   no longer
*26#          do not disturb                   #26#   no longer
*27*HHMM#     away until that time             #27#   back
*27#          away until #27#

The # at the end may be left out.
"""

import re
from datetime import datetime, time, tzinfo

from aiguillage.errors import Refused
from aiguillage.routing import hours
from aiguillage.routing.numbers import parse_written
from aiguillage.routing.presence import AVAILABLE, Presence

_ON = re.compile(r"\*(?P<code>21|26|27)(?:\*(?P<value>\+?[0-9]{1,15}))?#?")
_OFF = re.compile(r"#(?:21|26|27)#?")
_CLOCK = re.compile(r"(?P<hour>[01][0-9]|2[0-3])(?P<minute>[0-5][0-9])")


def state_dialled(text: str, country: str, now: datetime, zone: tzinfo) -> Presence:
    """The live state that `text` asks for; a time of day is the next such time after `now` (aware) in `zone`.

    Raises Refused for what is no code, NumberRefused for a number that is none.
    """
    if _OFF.fullmatch(text):
        return AVAILABLE
    written = _ON.fullmatch(text)
    if written is None:
        raise Refused(f"{text} is no code; write *21*NUMBER#, *26#, *27*HHMM# or #21#")
    code, value = written["code"], written["value"]
    if code == "21" and value:
        return Presence("forwarded", forward_to=parse_written(value, country))
    if code == "26" and not value:
        return Presence("do not disturb")
    if code == "27":
        return Presence("away", until=_next(value, now, zone) if value else None)
    raise Refused(f"{text}: *21* takes a number, *26# takes none")


def _next(clock: str, now: datetime, zone: tzinfo) -> datetime:
    written = _CLOCK.fullmatch(clock)
    if written is None:
        raise Refused(f"{clock} is no time of day; write four digits, as in 1400")
    return hours.next_time(time(int(written["hour"]), int(written["minute"])), now, zone)
