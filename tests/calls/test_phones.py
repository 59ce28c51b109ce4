"""Stories of desk phones: what they dial, and what they do with a call. Each on the real Asterisk."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from tests.calls.days import OFFICE_HOURS
from tests.calls.system import System
from tests.calls.test_identity import SAME, alaw

from aiguillage.errors import CallGone, Refused
from aiguillage.logs import masked
from aiguillage.simulator.caller_leg import CallerLeg
from aiguillage.simulator.sound import AUDIBLE, SPEECH, likeness, loudness
from aiguillage.simulator.telephones import Telephones
from aiguillage.store import journal
from aiguillage.store.journal import DecisionRecord

OUTSIDE = "+32471000901"
NATIONAL = "0471000901"
SWISS = "0041446681800"
PREMIUM = "090012345"
CENTRAL = "+3271000001"


@pytest.fixture
async def telephones(system: System) -> AsyncIterator[Telephones]:
    """All desk phones registered, nobody answering."""
    async with system.telephones() as telephones:
        await system.stage(telephones)
        yield telephones


async def ringing(telephones: Telephones, number: int, seconds: float = 5) -> list[str]:
    """Who was rung, once `number` calls have reached somebody."""
    deadline = time.monotonic() + seconds
    while len(telephones.ringings) < number:
        assert time.monotonic() < deadline, f"only {[each.who for each in telephones.ringings]} rang"
        await asyncio.sleep(0.05)
    return [each.who for each in telephones.ringings]


async def both_hear(telephones: Telephones, caller: CallerLeg, who: str) -> None:
    """Caller and called hear each other."""
    await asyncio.sleep(1.5)
    assert caller.heard_seconds > 0.5
    assert telephones.called(who).heard_seconds > 0.5


def decided(system: System, since: datetime, number: int = 1) -> list[DecisionRecord]:
    return system.wait_for_decisions(number, since)


# --- In the house ------------------------------------------------------------------------------------------


async def test_a_colleague_is_called_by_extension_and_sees_who_calls(telephones: Telephones) -> None:
    telephones.behave("tom", "answer after 1")
    leg = await telephones.dial("sophie", "211")
    await leg.wait_answered(5)
    await both_hear(telephones, leg, "tom")
    (call,) = telephones.ringings
    assert (call.caller_name, call.caller_number) == ("Sophie Renard", "210")
    await leg.hang_up()


async def test_a_colleague_on_the_road_is_called_by_extension_and_presses_1(telephones: Telephones) -> None:
    telephones.behave("+32470000103", "press 1 after 1")
    leg = await telephones.dial("sophie", "203")
    await leg.wait_answered(12)
    await both_hear(telephones, leg, "+32470000103")
    (call,) = telephones.ringings
    assert call.caller_number == CENTRAL, "an extension means nothing on a GSM"
    await leg.hang_up()


async def test_a_group_is_called_by_extension(telephones: Telephones) -> None:
    telephones.behave("tom", "answer after 1")
    leg = await telephones.dial("claire", "200")
    await leg.wait_answered(5)
    assert set(await ringing(telephones, 2)) == {"sophie", "tom"}
    await leg.hang_up()


async def test_an_unknown_extension_is_said_to_be_one(telephones: Telephones) -> None:
    leg = await telephones.dial("sophie", "299999")
    await leg.wait_ended(10)
    assert leg.heard_seconds > 0.5
    assert telephones.ringings == ()


@pytest.mark.parametrize(
    "text", ['211"', "211,1(x", "211${EPOCH}", "211)", "211 & 1", '211" = "211', "*21*0470000101,1", "#21#${EPOCH}"]
)
async def test_a_phone_that_dials_odd_bytes_asks_nothing(system: System, telephones: Telephones, text: str) -> None:
    began = datetime.now(UTC)
    leg = await telephones.dial("sophie", text)
    await leg.wait_ended(10)
    assert telephones.ringings == ()
    await asyncio.sleep(0.5)
    with system.database.reading() as session:
        assert [each for each in journal.recent(session, 3) if each.at >= began] == []


async def test_our_own_number_dialled_from_inside_is_a_call_to_us(telephones: Telephones) -> None:
    leg = await telephones.dial("claire", "071000003")
    assert set(await ringing(telephones, 2)) == {"marc", "+32470000102"}
    await leg.hang_up()


async def test_a_wrong_password_does_not_register(system: System) -> None:
    async with system.telephones() as telephones:
        with pytest.raises(Refused, match="401"):
            await telephones.register("sophie", "guessed")
        with pytest.raises(Refused, match="refuses"):
            await telephones.register("nobody", "guessed")


# --- Out of the house --------------------------------------------------------------------------------------


async def test_a_national_number_goes_out_as_e164_and_shows_ours(system: System, telephones: Telephones) -> None:
    telephones.behave(OUTSIDE, "answer after 1")
    began = datetime.now(UTC)
    leg = await telephones.dial("claire", NATIONAL)
    await leg.wait_answered(5)
    await both_hear(telephones, leg, OUTSIDE)
    (call,) = telephones.ringings
    assert (call.who, call.caller_number, call.caller_name) == (OUTSIDE, CENTRAL, "")
    await leg.hang_up()
    (decision,) = decided(system, began)
    assert (decision.kind, decision.caller, decision.called) == ("outgoing", "claire", OUTSIDE)


@pytest.mark.parametrize(
    "phone, dialled, why",
    [
        ("claire", SWISS, 'permission "national" does not hold +41446681800'),
        ("marc", NATIONAL, "this phone may not call outside numbers"),
        ("sophie", PREMIUM, "+3290012345 is among the numbers that are never dialled"),
    ],
    ids=["abroad with a national permission", "outside without a permission", "a premium number"],
)
async def test_what_is_not_permitted_is_said_and_not_dialled(
    system: System, telephones: Telephones, phone: str, dialled: str, why: str
) -> None:
    began = datetime.now(UTC)
    leg = await telephones.dial(phone, dialled)
    await leg.wait_ended(10)
    assert leg.heard_seconds > 0.5
    assert telephones.ringings == ()
    assert decided(system, began)[0].trace["trace"]["remarks"] == [why]


async def test_an_international_permission_reaches_abroad(telephones: Telephones) -> None:
    telephones.behave("+41446681800", "answer")
    leg = await telephones.dial("sophie", SWISS)
    await leg.wait_answered(5)
    assert [each.who for each in telephones.ringings] == ["+41446681800"]
    await leg.hang_up()


async def test_a_third_call_of_one_phone_at_once_is_refused(telephones: Telephones) -> None:
    """A stolen password must not fill the trunk."""
    legs = [await telephones.dial("sophie", f"047100090{number}") for number in (1, 2)]
    await ringing(telephones, 2)
    third = await telephones.dial("sophie", "0471000903")
    await third.wait_ended(10)
    assert third.heard_seconds > 0.5
    assert len(telephones.ringings) == 2
    for leg in legs:
        await leg.hang_up()


async def test_somebody_who_calls_back_reaches_the_colleague_who_called(system: System, telephones: Telephones) -> None:
    out = await telephones.dial("sophie", "0471000298")
    await ringing(telephones, 1)
    await out.hang_up()
    telephones.behave("sophie", "answer after 1")
    began = datetime.now(UTC)
    leg = await telephones.call("+32471000298", CENTRAL, OFFICE_HOURS)
    await leg.wait_answered(8)
    (decision,) = decided(system, began)
    assert decision.route == "somebody calls us back"
    assert [each.who for each in telephones.ringings] == ["+32471000298", "sophie"]
    await leg.hang_up()


# --- Emergency ---------------------------------------------------------------------------------------------

EMERGENCY = [
    ("112", "112"),
    ("100", "100"),
    ("101", "101"),
    ("0112", "112"),
    ("1813", "1813"),
    ("070245245", "+3270245245"),
    ("003270245245", "+3270245245"),
]


@pytest.mark.parametrize("dialled, sent", EMERGENCY)
async def test_an_emergency_number_is_dialled_by_a_phone_that_may_dial_nothing(
    system: System, telephones: Telephones, dialled: str, sent: str
) -> None:
    telephones.behave(sent, "answer")
    leg = await telephones.dial("marc", dialled)
    await leg.wait_answered(5)
    (call,) = telephones.ringings
    assert (call.who, call.caller_number) == (sent, CENTRAL)
    await leg.hang_up()
    await asyncio.sleep(0.5)
    told = f"event='emergency_call' number='{masked(sent)}' phone='marc'"
    assert told in system.service_log(), "the operator is told, and the log shows a private number by its ends"


async def test_an_emergency_call_tries_every_trunk_three_times(system: System, telephones: Telephones) -> None:
    async with system.telephones("second") as second, system.telephones("third") as third:
        for trunk, failure in ((telephones, "reply 503"), (second, "busy"), (third, "refuse")):
            trunk.behave("112", failure)
        leg = await telephones.dial("tom", "112")
        await leg.wait_ended(30)
        assert [len(trunk.ringings) for trunk in (telephones, second, third)] == [3, 3, 3]


async def test_a_trunk_that_does_not_answer_at_all_leads_to_the_next(system: System, telephones: Telephones) -> None:
    async with system.telephones("third") as third:
        third.behave("+32472000009", "answer")
        leg = await telephones.dial("claire", "0472000009")
        await leg.wait_answered(12)
        assert [each.outcome for each in third.ringings] == ["answered"]
        await leg.hang_up()


async def test_a_phone_with_all_its_calls_in_use_still_calls_112(telephones: Telephones) -> None:
    for number in (1, 2):
        await telephones.dial("sophie", f"047100090{number}")
    await ringing(telephones, 2)
    telephones.behave("112", "answer")
    leg = await telephones.dial("sophie", "112")
    await leg.wait_answered(5)
    await leg.hang_up()


async def test_without_the_service_112_and_extensions_are_dialled(system: System) -> None:
    system.kill_service()
    try:
        async with system.telephones() as telephones:
            await system.stage(telephones)
            telephones.behave("112", "answer")
            leg = await telephones.dial("marc", "112")
            await leg.wait_answered(5)
            await leg.hang_up()
            telephones.behave("tom", "answer")
            leg = await telephones.dial("sophie", "211")
            await leg.wait_answered(5)
            await leg.hang_up()
            assert [each.who for each in telephones.ringings] == ["112", "tom"]
    finally:
        await asyncio.to_thread(system.start_service)


# --- Where I am --------------------------------------------------------------------------------------------


async def test_codes_on_a_phone_forward_its_calls_and_end_it(system: System, telephones: Telephones) -> None:
    leg = await telephones.dial("claire", "*21*0470000101#")
    await leg.wait_ended(10)
    assert leg.heard_seconds > 0.5
    assert "forwarded to +32470000101" in system.command("presence", "show")
    call = await telephones.dial("sophie", "201")
    assert await ringing(telephones, 1) == ["+32470000101"]
    await call.hang_up()
    await (await telephones.dial("claire", "#21#")).wait_ended(10)
    call = await telephones.dial("sophie", "201")
    assert (await ringing(telephones, 2))[1] == "claire"
    await call.hang_up()


async def test_a_phone_that_must_not_be_disturbed_is_not_rung_from_the_next_call_on(telephones: Telephones) -> None:
    await (await telephones.dial("tom", "*26#")).wait_ended(10)
    call = await telephones.dial("sophie", "211")
    await call.wait_ended(10)
    assert call.status == 486
    assert telephones.ringings == ()
    await (await telephones.dial("tom", "#26#")).wait_ended(10)


async def test_calls_cannot_be_forwarded_to_a_number_that_the_person_may_not_dial(
    system: System, telephones: Telephones
) -> None:
    began = datetime.now(UTC)
    await (await telephones.dial("claire", "*21*0900123456#")).wait_ended(10)
    assert "never dialled" in decided(system, began)[0].trace["trace"]["remarks"][0]
    assert "Everybody is available" in system.command("presence", "show")


# --- During a call -----------------------------------------------------------------------------------------


async def test_a_blind_transfer_hands_the_caller_to_a_colleague(telephones: Telephones) -> None:
    telephones.behave("sophie", "answer")
    telephones.behave("tom", "answer after 1")
    caller = await telephones.dial("claire", "210")
    await caller.wait_answered(5)
    await asyncio.sleep(0.5)
    assert await telephones.called("sophie").transfer("211") == 200
    await both_hear(telephones, caller, "tom")
    assert telephones.ringings[1].caller_name == "Claire Dubois", "Tom sees who waits for him"
    await caller.hang_up()


async def test_an_attended_transfer_connects_the_two_others(telephones: Telephones) -> None:
    telephones.behave("sophie", "answer")
    telephones.behave("tom", "answer")
    caller = await telephones.dial("claire", "210")
    await caller.wait_answered(5)
    inquiry = await telephones.dial("sophie", "211")
    await inquiry.wait_answered(5)
    await asyncio.sleep(0.5)
    assert await telephones.called("sophie").transfer_to(inquiry) == 200
    await asyncio.sleep(0.5)
    before = telephones.called("tom").heard_seconds
    await both_hear(telephones, caller, "tom")
    assert telephones.called("tom").heard_seconds > before + 0.5
    assert inquiry.state == "ended"
    await caller.hang_up()


async def test_a_transferred_caller_may_dial_no_more_than_who_transferred(
    system: System, telephones: Telephones
) -> None:
    telephones.behave("claire", "answer")
    caller = await telephones.dial("sophie", "201")
    await caller.wait_answered(5)
    await asyncio.sleep(0.5)
    began = datetime.now(UTC)
    await telephones.called("claire").transfer(SWISS)
    (decision,) = decided(system, began)
    assert decision.caller == "claire"
    assert 'permission "national" does not hold +41446681800' in decision.trace["trace"]["remarks"]
    await caller.hang_up()


async def test_star_8_picks_up_a_ringing_colleagues_call(telephones: Telephones) -> None:
    caller = await telephones.dial("claire", "211")
    assert await ringing(telephones, 1) == ["tom"]
    picking = await telephones.dial("sophie", "*8")
    await caller.wait_answered(5)
    await asyncio.sleep(1.5)
    assert picking.heard_seconds > 0.5
    assert caller.heard_seconds > 0.5
    assert telephones.ringings[0].outcome == "cancelled"
    await caller.hang_up()


async def test_a_caller_on_hold_hears_music(telephones: Telephones) -> None:
    telephones.behave("sophie", "answer")
    caller = await telephones.dial("claire", "210")
    await caller.wait_answered(5)
    await asyncio.sleep(0.5)
    sophies_voice = SPEECH * 25
    assert likeness(caller.heard, sophies_voice) > SAME
    await telephones.called("sophie").hold()
    await asyncio.sleep(0.5)
    before = len(caller.heard)
    await asyncio.sleep(2)
    on_hold = caller.heard[before:]
    assert loudness(on_hold) > AUDIBLE
    assert likeness(on_hold, sophies_voice) < SAME
    await telephones.called("sophie").resume()
    await asyncio.sleep(0.5)
    before = len(caller.heard)
    await asyncio.sleep(1)
    assert likeness(caller.heard[before:], sophies_voice) > SAME
    await caller.hang_up()


async def test_a_transferred_caller_whom_nobody_takes_goes_on_to_the_last_resort(telephones: Telephones) -> None:
    telephones.behave("claire", "answer")
    telephones.behave("tom", "busy")
    telephones.behave("sophie", "silent")
    caller = await telephones.call("+32499000077", CENTRAL, OFFICE_HOURS)
    await caller.wait_answered(5)
    await caller.hang_up()
    caller = await telephones.dial("marc", "201")
    await caller.wait_answered(5)
    await asyncio.sleep(0.5)
    with contextlib.suppress(CallGone):
        await telephones.called("claire").transfer("211")
    assert "sophie" in await ringing(telephones, 3)
    await caller.hang_up()


# --- Messages ----------------------------------------------------------------------------------------------


async def test_the_light_shines_for_a_new_message_and_star_97_plays_it(system: System, telephones: Telephones) -> None:
    for phone in ("claire", "+32470000101"):
        telephones.behave(phone, "busy")
    leg = await telephones.dial("sophie", "201")
    await leg.wait_answered(15)
    await asyncio.sleep(9)
    await leg.hang_up()
    deadline = time.monotonic() + 10
    while not telephones.waiting("claire"):
        assert time.monotonic() < deadline, "no light"
        await asyncio.sleep(0.1)
    mine = await telephones.dial("claire", "*97")
    await mine.wait_answered(5)
    await asyncio.sleep(2)
    await mine.press(pin_of(system, "claire@people") + "#")
    await asyncio.sleep(4)
    await mine.press("1")
    await asyncio.sleep(8)
    assert likeness(mine.heard, SPEECH * 25) > 0.9, "the caller's tone is played"
    await mine.hang_up()
    listed = json.loads(system.command("voicemail", "list", "claire@people", "--json"))["messages"]
    assert len(listed) >= 1


async def test_a_box_is_opened_by_extension_and_pin_and_by_no_other_pin(system: System, telephones: Telephones) -> None:
    for pin, opens in ((pin_of(system, "reception@boxes"), True), ("000000", False)):
        leg = await telephones.dial("marc", "*98")
        await leg.wait_answered(5)
        await asyncio.sleep(1)
        await leg.press("299")
        await asyncio.sleep(7)
        await leg.press(pin + "#")
        await asyncio.sleep(3)
        incorrect = system.asterisk.home / "data/sounds/fr/vm-incorrect.wav"
        assert (likeness(leg.heard, alaw(incorrect)) > SAME) != opens
        await leg.hang_up()


def pin_of(system: System, mailbox: str) -> str:
    mailboxes = json.loads(system.command("voicemail", "pins", "--json"))["mailboxes"]
    pin: str = next(each["pin"] for each in mailboxes if each["mailbox"] == mailbox)
    return pin
