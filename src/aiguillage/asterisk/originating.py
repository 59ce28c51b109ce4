"""Have Asterisk place a call: one of us is rung, then the other side ([colleague] and [placed] of extensions.conf).

An Originate that got no answer may have been carried out. It is never sent again; whoever sent it looks whether the
call is there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiguillage.asterisk.manager import Manager
from aiguillage.errors import AsteriskRefused, Refused

_PLAIN = re.compile(r"[A-Za-z0-9+_-]*")
"""Nothing that ends a line, a value or a dial string."""


@dataclass(frozen=True, slots=True)
class Origination:
    """`call` (our choice: letters, digits, `-`) becomes the Uniqueid of its first channel and the Linkedid of all.

    Once `person` has answered, within `seconds`, `dials` is dialled as an outgoing call of `line`; a phone of ours that
    it rings sees `extension`, which may be empty.
    """

    call: str
    person: str
    line: str
    dials: str
    seconds: int
    extension: str = ""


async def originate(manager: Manager, wanted: Origination) -> None:
    """Returns when Asterisk has taken the call; what becomes of it is told by events.

    Raises Refused for a value with an odd character; AsteriskUnavailable and AsteriskRefused: nothing rings;
    AnswerLost: the call may be there, or not.
    """
    for value in (wanted.call, wanted.person, wanted.line, wanted.dials, wanted.extension):
        if not _PLAIN.fullmatch(value):
            raise Refused(
                f"a call cannot be placed with {value[:60]!r}: it holds a character that means something else"
            )
    await manager.action(
        "Originate",
        ActionID=wanted.call,
        Channel=f"Local/{wanted.call}@colleague/n",
        ChannelId=wanted.call,
        OtherChannelId=f"{wanted.call}-colleague",
        Context="placed",
        Exten=wanted.dials,
        Priority="1",
        Timeout=str(wanted.seconds * 1000),
        CallerID=f"<{wanted.extension}>",
        Variable=f"PLACED_BY={wanted.person},PLACED_LINE={wanted.line}",
        Codecs="alaw",
        Async="true",
    )


def not_placed(message: Mapping[str, str]) -> str | None:
    """The call that an event OriginateResponse says has come to nothing; None for any other event."""
    if message.get("Event") != "OriginateResponse" or message.get("Response") != "Failure":
        return None
    return message.get("ActionID")


async def is_there(manager: Manager, call: str) -> bool:
    """Whether Asterisk still has the call. Raises AsteriskUnavailable where it cannot say."""
    try:
        await manager.action("Getvar", Channel=call, Variable="CHANNEL(state)")
    except AsteriskRefused:
        return False
    return True
