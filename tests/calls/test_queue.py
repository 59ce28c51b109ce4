"""Stories of the queue at rush hour."""

import asyncio
import time
from datetime import UTC, datetime

from tests.calls.days import OFFICE_HOURS, at
from tests.calls.system import System
from tests.calls.test_identity import SAME, alaw

from aiguillage.desk import callbacks
from aiguillage.simulator.sound import likeness
from aiguillage.simulator.telephones import Telephones

RUSH_HOUR = at("open 15:30")
HELPLINE, ROAD, TINY, CENTRAL = "+3271000005", "+3271000008", "+3271000010", "+3271000001"


async def _nobody_waits(system: System, queue: str) -> None:
    """Until the queue is empty, and those whom it did not take have had time to leave a message."""
    deadline = time.monotonic() + 120
    while "No Callers" not in await asyncio.to_thread(system.asterisk.console, f"queue show {queue}"):
        assert time.monotonic() < deadline, f"still waiting: {system.asterisk.console(f'queue show {queue}')}"
        await asyncio.sleep(1)
    await asyncio.sleep(3)


async def test_thirty_callers_at_once_into_the_queue_at_half_past_three(system: System) -> None:
    """Two members, twenty places. Every caller is served in order, or called back, or leaves a message."""
    numbers = [f"+324990000{index:02}" for index in range(30)]
    recorded = len(system.messages("reception"))
    began = datetime.now(UTC)
    async with system.telephones() as telephones:
        await system.stage(telephones)
        for member in ("sophie", "tom"):
            telephones.behave(member, "answer after 0.3 for 2")
        legs = []
        for number in numbers:
            legs.append(await telephones.call(number, CENTRAL, RUSH_HOUR))
            await asyncio.sleep(0.1)
        await asyncio.sleep(9)
        await legs[19].press("1")
        await _nobody_waits(system, "front-desk")
        for leg in legs:
            await leg.hang_up()
        served = [ringing.caller_number for ringing in telephones.ringings if ringing.outcome == "answered"]
    called_back = [each.number for each in callbacks.waiting(system.database) if each.asked_at > began]
    await asyncio.sleep(2)  # Asterisk puts the last messages into the box
    left_messages = len(system.messages("reception")) - recorded

    assert len(served) == len(set(served))
    assert len(served) + len(called_back) + left_messages == 30
    assert called_back == [numbers[19]]
    assert len(served) >= 19, "twenty places, one of which was given up; more come in while others are served"
    places = [numbers.index(number or "") for number in served]
    in_order = sorted(places)  # two members ring at once, so that neighbours may change places
    assert all(abs(in_order.index(place) - turn) <= 2 for turn, place in enumerate(places)), places


async def test_a_caller_asks_to_be_called_back_and_keeps_the_place(system: System) -> None:
    began = datetime.now(UTC)
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call("+32471000207", TINY, OFFICE_HOURS)
        await leg.wait_answered(5)
        entered = datetime.now(UTC)
        await asyncio.sleep(5)
        await leg.press("1")
        await leg.wait_ended(15)
        promised = system.settings.prompts_dir / "nl/builtin/callback-promised.wav"
        assert likeness(leg.heard, alaw(promised)) > SAME
    (request,) = [each for each in callbacks.waiting(system.database) if each.asked_at > began]
    assert (request.queue, request.number, request.name) == ("tiny", "+32471000207", "Els Janssens")
    assert abs((request.waiting_since - entered).total_seconds()) < 2
    assert "+32471000207" in system.command("callback", "list")
    callbacks.finish(system.database, request.id, datetime.now(UTC))


async def test_a_caller_without_a_number_cannot_be_called_back_and_stays_in_the_queue(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(None, TINY, OFFICE_HOURS)
        await leg.wait_answered(5)
        await asyncio.sleep(4)
        telephones.behave("sophie", "answer")
        await leg.press("1")
        await asyncio.sleep(8)
        assert [each.outcome for each in telephones.ringings] == ["cancelled", "answered"]
        await leg.hang_up()


async def test_a_full_queue_takes_no_more(system: System) -> None:
    recorded = len(system.messages("reception"))
    async with system.telephones() as telephones:
        await system.stage(telephones)
        first = await telephones.call("+32499000001", TINY, OFFICE_HOURS)
        await first.wait_answered(5)
        await asyncio.sleep(0.5)
        second = await telephones.call("+32499000002", TINY, OFFICE_HOURS)
        await second.wait_answered(5)
        await asyncio.sleep(13)
        await second.hang_up()
        await asyncio.sleep(0.5)
        await first.hang_up()
    assert len(system.messages("reception")) == recorded + 1


async def test_a_gsm_that_talks_is_offered_no_other_call_of_the_queue(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("+32470000103", "press 1")
        first = await telephones.call("+32499000001", ROAD, OFFICE_HOURS)
        await _connected(telephones, "+32470000103")
        second = await telephones.call("+32499000002", ROAD, OFFICE_HOURS)
        await asyncio.sleep(4)
        rung = [each.who for each in telephones.ringings]
        assert rung.count("+32470000103") == 1
        assert "+32470000102" in rung[1:]
        await first.hang_up()
        await second.hang_up()
        third = await telephones.call("+32499000003", ROAD, OFFICE_HOURS)
        await asyncio.sleep(3)
        assert [each.who for each in telephones.ringings].count("+32470000103") == 2, "free again"
        await third.hang_up()


async def _connected(telephones: Telephones, who: str) -> None:
    deadline = time.monotonic() + 15
    while not any(each.who == who and each.pressed for each in telephones.ringings):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)


async def test_the_place_in_the_queue_is_said_in_the_callers_language(system: System) -> None:
    """Dutch: the numbers are ours, Debian has none."""
    prompts = system.settings.prompts_dir / "nl"
    async with system.telephones() as telephones:
        await system.stage(telephones)
        before = [await telephones.call(f"+3249900000{index}", HELPLINE, OFFICE_HOURS) for index in (1, 2)]
        await asyncio.sleep(1)
        leg = await telephones.call("+32471000207", HELPLINE, OFFICE_HOURS)
        await asyncio.sleep(8)
        heard = leg.heard
        for each in (*before, leg):
            await each.hang_up()
    assert likeness(heard, alaw(prompts / "builtin/queue-you-are-number.wav")) > SAME
    assert likeness(heard, alaw(prompts / "builtin/queue-in-the-line.wav")) > SAME


async def test_who_waits_hears_music(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call("+32499000001", ROAD, OFFICE_HOURS)
        await leg.wait_answered(5)
        await asyncio.sleep(3)
        assert leg.heard_seconds > 1
        await leg.hang_up()


async def test_a_leastrecent_queue_goes_on_to_who_is_there(system: System) -> None:
    """Sophie's phone rings and rings; after one turn Tom's is rung."""
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("tom", "answer")
        telephones.behave("sophie", "silent")
        legs = [await telephones.call(f"+3249900000{index}", CENTRAL, RUSH_HOUR) for index in (1, 2)]
        deadline = time.monotonic() + 60
        while sum(each.outcome == "answered" for each in telephones.ringings) < 2:
            assert time.monotonic() < deadline, telephones.ringings
            await asyncio.sleep(0.2)
            if any(each.outcome == "answered" and each.talked_seconds > 1 for each in telephones.ringings):
                await telephones.called("tom").hang_up()
        for leg in legs:
            await leg.hang_up()


async def test_a_member_who_refuses_a_caller_is_not_offered_that_caller_again(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("sophie", "refuse after 0.5")
        leg = await telephones.call("+32499000001", TINY, OFFICE_HOURS)
        await _refused_once(telephones, "sophie")
        await asyncio.sleep(4)
        assert [(each.who, each.outcome) for each in telephones.ringings] == [("sophie", "refused")]
        await leg.hang_up()
        other = await telephones.call("+32499000002", TINY, OFFICE_HOURS)
        await other.wait_answered(5)
        await asyncio.sleep(2)
        assert len(telephones.ringings) == 2, "another caller's call is offered"
        await other.hang_up()


async def _refused_once(telephones: Telephones, who: str) -> None:
    """A member may still rest from another story."""
    deadline = time.monotonic() + 18
    while (who, "refused") not in [(each.who, each.outcome) for each in telephones.ringings]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
