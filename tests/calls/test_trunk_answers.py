"""What each answer of an operator means to a real Asterisk: the next trunk, or none where a person said it."""

import asyncio
import time

import pytest
from tests.calls.system import System

from aiguillage.asterisk.ami import ask_once
from aiguillage.simulator.telephones import Telephones

ANSWERS = {
    "reply 404": False,
    "reply 480": False,
    "reply 484": False,
    "reply 486": False,
    "reply 603": False,
    "reply 500": True,
    "reply 503": True,
    "reply 408": True,
    "unreachable": True,
}
"""Whether the next trunk is tried. 404: no such number; 480: the GSM is off; 484: not a whole number; 486: busy; 603: a
person refuses; 500, 503: full or down; 408, and none in 6.4 seconds: mute."""


def number(answer: str) -> str:
    """One for each, of the route over trunks two and three."""
    return f"+32472000{[*ANSWERS].index(answer) + 100}"


async def reached(telephones: Telephones, who: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while who not in {each.who for each in telephones.ringings}:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_call_from_a_desk_phone(system: System, answer: str) -> None:
    async with (
        system.telephones() as telephones,
        system.telephones("second") as second,
        system.telephones("third") as third,
    ):
        await system.stage(telephones)
        second.behave(number(answer), answer)
        third.behave(number(answer), "answer")
        leg = await telephones.dial("claire", "0" + number(answer).removeprefix("+32"))
        await (leg.wait_answered if ANSWERS[answer] else leg.wait_ended)(15)
        assert await reached(second, number(answer), 1)
        assert await reached(third, number(answer), 0.5) == ANSWERS[answer]
        await leg.hang_up()


@pytest.mark.parametrize("answer", ANSWERS)
async def test_the_leg_of_a_call_to_a_gsm(system: System, answer: str) -> None:
    async with system.telephones("second") as second, system.telephones("third") as third:
        second.behave(number(answer), answer)
        third.behave(number(answer), "busy")
        leg = f"Local/{number(answer)}*second:third**fr@line/n"
        where = {"Channel": leg, "Application": "Wait", "Data": "1", "Timeout": "20000", "Async": "true"}
        await ask_once(system.settings, "Originate", **where, Variable="__OURS=+3271000001")
        assert await reached(second, number(answer), 5)
        assert await reached(third, number(answer), 12 if ANSWERS[answer] else 1) == ANSWERS[answer]
