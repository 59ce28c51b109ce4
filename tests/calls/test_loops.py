"""A GSM is forwarded to our own number: the call that comes back is cut, and somebody else is rung."""

import asyncio
import re
import time

import pytest
from tests.calls.days import OFFICE_HOURS
from tests.calls.system import System
from tests.calls.test_identity import BENOIT, rung

LEAS_GSM = "+32470000252"
CENTRAL = "+3271000001"
GSM_THEN_DESK = "+3271000015"
"""Rings Léa's GSM, then Tom at his desk."""
ALL_LEGS = ("+3271000013", "+32474000001")
"""A number that rings Piet's GSM, over the trunk that shows our own number; and that GSM."""


def forwarded_by(number: str) -> dict[str, str]:
    return {"Diversion": f"<sip:{number}@operator.example>;reason=unconditional;counter=1"}


HISTORY = {"History-Info": f"<sip:{LEAS_GSM}@operator.example?Reason=SIP%3Bcause%3D302>;index=1.1"}


@pytest.mark.parametrize(
    "caller, said",
    [
        (BENOIT, forwarded_by(LEAS_GSM)),
        (BENOIT, forwarded_by("0470000252")),
        (None, forwarded_by(LEAS_GSM)),
        (BENOIT, forwarded_by(GSM_THEN_DESK)),
        (None, HISTORY),
        (BENOIT, {}),
        ("0471000202", {}),
        (LEAS_GSM, {}),
    ],
    ids=["gsm", "national", "withheld", "ours", "history", "silent", "silent-national", "shows-the-gsm"],
)
async def test_a_call_that_comes_back_is_cut_and_somebody_else_rings(
    system: System, caller: str | None, said: dict[str, str]
) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave(LEAS_GSM, "busy after 2")  # the operator hands on what the call that came back is told
        telephones.behave("tom", "answer")
        leg = await telephones.call(BENOIT, GSM_THEN_DESK, OFFICE_HOURS)
        await rung(telephones, LEAS_GSM)
        back = await telephones.call(caller, CENTRAL, {**OFFICE_HOURS, **said})
        await back.wait_ended(5)
        assert back.status == 486
        await leg.wait_answered(10)
        assert {each.who: each.outcome for each in telephones.ringings} == {LEAS_GSM: "busy", "tom": "answered"}
        assert len(telephones.ringings) == 2
        await leg.hang_up()


async def test_it_is_told_to_who_runs_the_switchboard(system: System) -> None:
    before = len(system.service_log())
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(BENOIT, GSM_THEN_DESK, OFFICE_HOURS)
        await rung(telephones, LEAS_GSM)
        back = await telephones.call(BENOIT, CENTRAL, {**OFFICE_HOURS, **forwarded_by(LEAS_GSM)})
        await back.wait_ended(5)
        await leg.hang_up()
    deadline = time.monotonic() + 5
    while not re.search(r"call_came_back.*by='diversion'", system.service_log()[before:]):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_it_is_cut_where_the_gsm_is_shown_our_own_number(system: System) -> None:
    called, gsm = ALL_LEGS
    async with system.telephones() as telephones, system.telephones("third") as third:
        await system.stage(telephones)
        leg = await telephones.call(BENOIT, called, OFFICE_HOURS)
        await rung(third, gsm)
        back = await telephones.call(called, CENTRAL, OFFICE_HOURS)
        await back.wait_ended(5)
        assert back.status == 486
        await leg.hang_up()


async def test_a_second_line_of_the_same_caller_waits_and_is_answered(system: System) -> None:
    """Six seconds later nobody can say whether it came back: it rings until the GSM of the first call does not."""
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("claire", "answer")
        first = await telephones.call(BENOIT, GSM_THEN_DESK, OFFICE_HOURS)
        await rung(telephones, LEAS_GSM)
        await asyncio.sleep(6)
        second = await telephones.call(BENOIT, CENTRAL, OFFICE_HOURS)
        await asyncio.sleep(1)
        assert (second.ringing is not None, second.answered) == (True, None)
        assert {each.who for each in telephones.ringings} == {LEAS_GSM}
        await first.hang_up()
        await second.wait_answered(10)
        assert second.state == "answered"
        assert "claire" in {each.who for each in telephones.ringings}
        await second.hang_up()


async def test_a_second_line_is_taken_at_once_while_the_first_one_talks(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave(LEAS_GSM, "press 1")
        telephones.behave("claire", "answer")
        first = await telephones.call(BENOIT, GSM_THEN_DESK, OFFICE_HOURS)
        await first.wait_answered(15)
        began = time.monotonic()
        second = await telephones.call(BENOIT, CENTRAL, {**OFFICE_HOURS, **forwarded_by(LEAS_GSM)})
        await second.wait_answered(5)
        assert second.state == "answered"
        assert time.monotonic() - began < 4
        await second.hang_up()
        await first.hang_up()


async def test_a_town_hall_that_forwards_to_us_is_answered(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("tom", "answer")
        first = await telephones.call(BENOIT, GSM_THEN_DESK, OFFICE_HOURS)
        await rung(telephones, LEAS_GSM)
        other = await telephones.call("+32499000000", "+3271000002", {**OFFICE_HOURS, **forwarded_by("+3271999999")})
        await other.wait_answered(8)
        assert other.state == "answered"
        await other.hang_up()
        await first.hang_up()


async def test_a_loop_that_nobody_can_know_ends_by_itself(system: System) -> None:
    """The operator says neither who calls nor who forwards: the GSM is rung three times at once, and no more."""
    async with system.telephones() as telephones:
        await system.stage(telephones)
        legs = [await telephones.call(None, GSM_THEN_DESK, OFFICE_HOURS)]
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 4 and len(legs) < 10:
            await asyncio.sleep(0.1)
            if len([each for each in telephones.ringings if each.who == LEAS_GSM]) >= len(legs):
                legs.append(await telephones.call(None, GSM_THEN_DESK, OFFICE_HOURS))
                quiet_since = time.monotonic()
        assert len([each for each in telephones.ringings if each.who == LEAS_GSM]) == 3
        assert "tom" in {each.who for each in telephones.ringings}
