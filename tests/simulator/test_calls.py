"""Calls between the simulated telephones and a real Asterisk. No length is asserted tighter than one second."""

import asyncio
import wave
from pathlib import Path

import pytest
from tests.ports import free_udp_port
from tests.simulator.small_asterisk import PASSWORD, PHONES, SmallAsterisk
from tests.simulator.waiting import soon

from aiguillage.errors import CallGone, Refused, Unavailable
from aiguillage.simulator import sip_socket
from aiguillage.simulator.called_leg import Ringing
from aiguillage.simulator.telephones import Telephones

CALLER = "+32471000201"
SOPHIE = "+3271000001"
EVERY_PHONE = "+3271000002"
GSM = "+3271000003"
RECORDER = "+3271000004"
ECHO = "+3271000005"
KEYS_THEN_SOPHIE = "+3271000006"
SOPHIE_FOR_THREE_SECONDS = "+3271000007"


def only(telephones: Telephones) -> Ringing:
    (ringing,) = telephones.ringings
    return ringing


async def test_a_wrong_password_is_refused_by_name(telephones: Telephones) -> None:
    with pytest.raises(Refused, match=r"phone 'sophie': .* refuses its password"):
        await telephones.register("sophie", "wrong")


async def test_an_unknown_phone_is_refused_by_name(telephones: Telephones) -> None:
    with pytest.raises(Refused, match=r"phone 'nobody': .* refuses to register it"):
        await telephones.register("nobody", PASSWORD)


async def test_a_desk_phone_answers_a_call_from_outside(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)
    telephones.behave("sophie", "answer after 1")

    leg = await telephones.call(CALLER, SOPHIE)
    await leg.wait_answered(5)
    await asyncio.sleep(1)
    await leg.hang_up()
    await telephones.wait_quiet(1)

    assert (leg.state, leg.status) == ("ended", 200)
    assert leg.ringing is not None
    assert leg.answered is not None
    assert leg.began <= leg.ringing < leg.answered
    ringing = only(telephones)
    assert (ringing.who, ringing.outcome, ringing.caller_number) == ("sophie", "answered", CALLER)
    assert ringing.rung_seconds == pytest.approx(1, abs=1)
    assert ringing.talked_seconds == pytest.approx(1, abs=1)
    assert ringing.heard_seconds > 0.3
    assert leg.heard_seconds > 0.3


@pytest.mark.parametrize(
    "behaviour, outcome, status",
    [("busy", "busy", 486), ("refuse after 1", "refused", 603), ("off", "off", 480)],
)
async def test_a_phone_that_does_not_take_the_call(
    telephones: Telephones, behaviour: str, outcome: str, status: int
) -> None:
    await telephones.register("sophie", PASSWORD)
    telephones.behave("sophie", behaviour)

    leg = await telephones.call(CALLER, SOPHIE)
    await leg.wait_ended(5)
    await telephones.wait_quiet(1)

    assert leg.answered is None
    assert leg.status is not None
    assert leg.status >= 400, f"the phone said {status}, the caller heard {leg.status}"
    assert (only(telephones).outcome, only(telephones).talked_seconds) == (outcome, 0)


async def test_a_silent_phone_rings_until_the_dial_plan_gives_up(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)

    leg = await telephones.call(CALLER, SOPHIE_FOR_THREE_SECONDS)
    await leg.wait_ended(8)
    await telephones.wait_quiet(1)

    assert only(telephones).outcome == "cancelled"
    assert only(telephones).rung_seconds == pytest.approx(3, abs=1)


async def test_a_caller_who_gives_up_ends_the_ringing(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)

    leg = await telephones.call(CALLER, SOPHIE)
    await soon(lambda: leg.state == "ringing")
    assert only(telephones).outcome == "ringing"
    await leg.hang_up()
    await telephones.wait_quiet(1)

    assert (leg.state, leg.status) == ("ended", 487)
    assert only(telephones).outcome == "cancelled"


@pytest.mark.parametrize("behaviour, connected", [("press 1", True), ("press 2", False), ("voicemail", False)])
async def test_a_gsm_has_the_call_when_its_person_presses_1(
    telephones: Telephones, behaviour: str, *, connected: bool
) -> None:
    telephones.behave("+32470000101", behaviour)

    leg = await telephones.call(CALLER, GSM)
    await leg.wait_answered(12)
    state = leg.state
    await leg.hang_up()
    await telephones.wait_quiet(1)

    assert state == ("answered" if connected else "ended")
    ringing = only(telephones)
    assert (ringing.who, ringing.outcome) == ("+32470000101", "answered")
    assert ringing.pressed == behaviour.removeprefix("press ").removeprefix("voicemail")


async def test_a_withheld_number_arrives_as_withheld(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)

    leg = await telephones.call(None, SOPHIE)
    await soon(lambda: telephones.ringings)
    await leg.hang_up()

    assert only(telephones).header("X-Seen").startswith("/anonymous/")


async def test_a_header_of_the_caller_is_read_by_the_dial_plan(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)

    leg = await telephones.call(CALLER, SOPHIE, {"X-Aiguillage-At": "2026-11-23T10:00:00+01:00"})
    await soon(lambda: telephones.ringings)
    await leg.hang_up()

    assert only(telephones).header("x-seen").startswith(f"2026-11-23T10:00:00+01:00/{CALLER}/allowed")


async def test_of_three_phones_the_first_to_answer_cancels_the_others(telephones: Telephones) -> None:
    for phone in PHONES:
        await telephones.register(phone, PASSWORD)
    telephones.behave("tom", "answer after 1")
    telephones.behave("claire", "answer after 4")

    leg = await telephones.call(CALLER, EVERY_PHONE)
    await leg.wait_answered(5)
    await leg.hang_up()
    await telephones.wait_quiet(1)

    outcomes = {ringing.who: ringing.outcome for ringing in telephones.ringings}
    assert outcomes == {"sophie": "cancelled", "tom": "answered", "claire": "cancelled"}
    assert all(ringing.rung_seconds == pytest.approx(1, abs=1) for ringing in telephones.ringings)


async def test_the_callers_keys_reach_the_dial_plan(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)

    leg = await telephones.call(CALLER, KEYS_THEN_SOPHIE)
    await leg.wait_answered(3)
    await leg.press("20#")
    await soon(lambda: telephones.ringings)

    assert only(telephones).header("X-Seen") == "20"


@pytest.mark.parametrize("talk", [True, False])
async def test_what_the_caller_says_comes_back_from_the_echo(telephones: Telephones, *, talk: bool) -> None:
    leg = await telephones.call(CALLER, ECHO, talk=talk)
    await leg.wait_answered(3)
    await asyncio.sleep(1.5)
    await leg.hang_up()

    assert (leg.heard_seconds > 0.5) == talk


async def test_what_the_caller_says_is_recorded(telephones: Telephones, asterisk: SmallAsterisk) -> None:
    leg = await telephones.call(CALLER, RECORDER)
    await leg.wait_answered(3)
    await asyncio.sleep(2)
    await leg.hang_up()

    await soon(lambda: loud_seconds(asterisk.folder / "message.wav") > 1)


def loud_seconds(path: Path) -> float:
    """How much of the recording is not silent; 0 while Asterisk still writes it."""
    if not path.exists() or path.stat().st_size <= 44:
        return 0.0
    with wave.open(str(path)) as recording:
        samples = memoryview(recording.readframes(recording.getnframes())).cast("h")
    return sum(abs(sample) > 1000 for sample in samples) / 8000


async def test_the_other_side_hangs_up(telephones: Telephones) -> None:
    await telephones.register("sophie", PASSWORD)
    telephones.behave("sophie", "answer")
    leg = await telephones.call(CALLER, SOPHIE)
    await leg.wait_answered(3)

    await telephones.reset()

    await leg.wait_ended(1)
    assert telephones.ringings == ()
    with pytest.raises(CallGone):
        await leg.press("1")


async def test_a_call_that_goes_on_is_named_when_the_wait_is_over(telephones: Telephones) -> None:
    leg = await telephones.call(CALLER, ECHO)

    with pytest.raises(TimeoutError, match=r"the call from \+32471000201 to \+3271000005 is still"):
        await leg.wait_ended(0.2)


async def test_a_gsm_that_is_unreachable_lets_the_dial_plan_wait(telephones: Telephones) -> None:
    telephones.behave("+32470000101", "unreachable")

    leg = await telephones.call(CALLER, GSM)
    await soon(lambda: telephones.ringings)
    await asyncio.sleep(1)

    assert leg.state == "calling"
    assert only(telephones).outcome == "unreachable"


async def test_a_taken_port_is_named() -> None:
    bind = f"127.0.0.1:{free_udp_port()}"
    async with Telephones(bind, server="127.0.0.1:9"):
        with pytest.raises(Unavailable, match=f"cannot listen for SIP on {bind}/udp"):
            async with Telephones(bind, server="127.0.0.1:9"):
                pass


async def test_a_call_without_asterisk_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_socket, "RETRANSMISSIONS", (0.1, 0.2))
    server = f"127.0.0.1:{free_udp_port()}"
    async with Telephones(bind=f"127.0.0.1:{free_udp_port()}", server=server) as telephones:
        with pytest.raises(Unavailable, match=f"nobody answers SIP INVITE at {server}"):
            await telephones.call(CALLER, SOPHIE)


async def test_nothing_is_left_behind_a_call_that_still_goes_on(asterisk: SmallAsterisk) -> None:
    open_before = open_files()

    async with Telephones(bind=asterisk.trunk, server=asterisk.sip) as telephones:
        await telephones.register("sophie", PASSWORD)
        telephones.behave("sophie", "answer")
        leg = await telephones.call(CALLER, SOPHIE)
        await leg.wait_answered(3)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert open_files() == open_before


async def test_a_call_that_comes_while_we_leave_rings_nowhere(asterisk: SmallAsterisk) -> None:
    open_before = open_files()

    async with Telephones(bind=asterisk.trunk, server=asterisk.sip) as telephones:
        for phone in PHONES:
            await telephones.register(phone, PASSWORD)
        await telephones.call(CALLER, GSM)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert open_files() == open_before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
