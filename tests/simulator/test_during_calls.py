"""What phones do during a call: hold, transfer, keep what they heard. And what Asterisk tells them between calls."""

import asyncio

import pytest
from tests.simulator.small_asterisk import PASSWORD, PHONES, melody
from tests.simulator.waiting import soon

from aiguillage.errors import CallGone, Refused
from aiguillage.simulator.called_leg import CalledLeg
from aiguillage.simulator.caller_leg import CallerLeg
from aiguillage.simulator.leg import Leg
from aiguillage.simulator.sound import encode, likeness
from aiguillage.simulator.telephones import Telephones

CALLER = "+32471000201"
SOPHIE = "+3271000001"
ECHO = "+3271000005"
MELODY = "+3271000008"
THREE_MESSAGES_FOR_SOPHIE = "+3271000009"
TOM, CLAIRE, NOBODY = "201", "202", "999"


@pytest.fixture(autouse=True)
async def registered(telephones: Telephones) -> None:
    for phone in PHONES:
        await telephones.register(phone, PASSWORD)


async def talk_with_sophie(telephones: Telephones) -> tuple[CallerLeg, CalledLeg]:
    telephones.behave("sophie", "answer")
    caller = await telephones.call(CALLER, SOPHIE)
    await caller.wait_answered(3)
    await caller.wait_audible(3)
    sophie = telephones.called("sophie")
    assert await hears(sophie)
    return caller, sophie


async def hears(leg: Leg) -> bool:
    """Whether the other side is heard, once what is on its way has come."""
    await asyncio.sleep(0.3)
    before = leg.heard_seconds
    await asyncio.sleep(0.5)
    return leg.heard_seconds > before + 0.2


async def test_what_asterisk_plays_is_heard(telephones: Telephones) -> None:
    leg = await telephones.call(CALLER, MELODY)
    await leg.wait_answered(3)
    await asyncio.sleep(3.5)

    played = bytes(map(encode, melody()))
    assert likeness(leg.heard, played) > 0.9
    assert likeness(leg.heard, played[::-1]) < 0.7
    await leg.hang_up()
    assert len(leg.heard) == pytest.approx(3 * 8000, abs=4000)


async def test_hold_silences_both_until_the_call_is_resumed(telephones: Telephones) -> None:
    caller, sophie = await talk_with_sophie(telephones)

    await sophie.hold()
    assert not await hears(caller)
    assert not await hears(sophie)

    await sophie.resume()
    assert await hears(caller)
    assert await hears(sophie)


async def test_the_caller_holds_too(telephones: Telephones) -> None:
    telephones.behave("tom", "answer")
    leg = await telephones.dial("sophie", TOM)
    await leg.wait_answered(3)

    await leg.hold()
    assert not await hears(telephones.called("tom"))
    await leg.resume()
    assert await hears(telephones.called("tom"))


async def test_no_call_no_hold(telephones: Telephones) -> None:
    leg = await telephones.call(CALLER, SOPHIE)
    with pytest.raises(CallGone, match="nobody talks"):
        await leg.hold()
    await leg.hang_up()
    with pytest.raises(CallGone, match="nobody talks"):
        await leg.resume()
    with pytest.raises(CallGone, match="nobody can be transferred"):
        await leg.transfer(TOM)


async def test_a_called_phone_transfers_its_caller(telephones: Telephones) -> None:
    caller, sophie = await talk_with_sophie(telephones)
    telephones.behave("tom", "answer")

    assert await sophie.transfer(TOM) == 200
    await soon(lambda: sophie.ended)

    assert await hears(caller)
    assert await hears(telephones.called("tom"))
    assert caller.state == "answered"


async def test_a_phone_transfers_whom_it_called(telephones: Telephones) -> None:
    for phone in ("tom", "claire"):
        telephones.behave(phone, "answer")
    leg = await telephones.dial("sophie", TOM)
    await leg.wait_answered(3)
    assert await hears(telephones.called("tom")), "Asterisk refuses (400) to transfer before both are connected"

    assert await leg.transfer(CLAIRE) == 200
    await leg.wait_ended(3)

    assert await hears(telephones.called("tom"))
    assert await hears(telephones.called("claire"))


async def test_a_transfer_to_nobody_is_refused_and_the_call_goes_on(telephones: Telephones) -> None:
    caller, sophie = await talk_with_sophie(telephones)

    assert await sophie.transfer(NOBODY) == 404
    assert await hears(caller)


async def test_an_attended_transfer_connects_the_two_others(telephones: Telephones) -> None:
    caller, sophie = await talk_with_sophie(telephones)
    telephones.behave("tom", "answer")
    inquiry = await telephones.dial("sophie", TOM)
    await inquiry.wait_answered(3)
    assert await hears(telephones.called("tom"))
    await sophie.hold()

    assert await sophie.transfer_to(inquiry) == 200
    await soon(lambda: sophie.ended and inquiry.ended)

    assert await hears(caller)
    assert await hears(telephones.called("tom"))


async def test_the_light_tells_new_messages(telephones: Telephones) -> None:
    assert telephones.waiting("tom") in {None, 0}
    leg = await telephones.call(CALLER, THREE_MESSAGES_FOR_SOPHIE)
    await leg.wait_ended(3)
    await soon(lambda: telephones.waiting("sophie") == 3)

    assert telephones.waiting("nobody") is None


async def test_a_phone_that_has_unregistered_is_not_rung_until_it_is_back(telephones: Telephones) -> None:
    await telephones.unregister("sophie")
    leg = await telephones.call(CALLER, SOPHIE)
    await leg.wait_ended(3)
    assert not telephones.ringings
    with pytest.raises(Refused, match="phone 'sophie' is not registered, so it cannot dial"):
        await telephones.dial("sophie", ECHO)
    with pytest.raises(Refused, match="phone 'sophie' is not registered"):
        await telephones.unregister("sophie")

    for _ in range(2):
        await telephones.register("sophie", PASSWORD)
    await telephones.call(CALLER, SOPHIE)
    await soon(lambda: telephones.ringings)
    assert [ringing.who for ringing in telephones.ringings] == ["sophie"]
