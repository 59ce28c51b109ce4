"""Calls that a desk phone places from its own account, through a real Asterisk."""

import pytest
from tests.simulator.small_asterisk import PASSWORD
from tests.simulator.waiting import soon

from aiguillage.errors import CallGone, Refused
from aiguillage.simulator.digest import Credentials
from aiguillage.simulator.telephones import Telephones

CALLER = "+32471000201"
ECHO = "+3271000005"
GSM = "+3271000003"
KEYS_THEN_SOPHIE = "+3271000006"
SOPHIE = "+3271000001"


@pytest.fixture(autouse=True)
async def registered(telephones: Telephones) -> None:
    for phone in ("sophie", "tom"):
        await telephones.register(phone, PASSWORD)


async def test_a_phone_calls_with_its_password(telephones: Telephones) -> None:
    leg = await telephones.dial("sophie", ECHO)
    await leg.wait_answered(3)
    await leg.wait_audible(3)
    await leg.hang_up()

    assert (leg.state, leg.status) == ("ended", 200)
    assert [message.status for message in leg.received[:2]] == [401, 100]
    assert [message.method for message in leg.received if message.status == 200] == ["INVITE", "BYE"]


async def test_star_and_hash_arrive_as_dialled_with_number_and_name(telephones: Telephones) -> None:
    await telephones.dial("sophie", "*21*0470000101#", name='Sophie "So" Lê')
    await soon(lambda: telephones.ringings)

    assert telephones.ringings[0].header("X-Seen") == '*21*0470000101#/sophie/Sophie "So" Lê'


async def test_a_phone_that_gives_up_ends_the_ringing(telephones: Telephones) -> None:
    leg = await telephones.dial("sophie", "201")
    await soon(lambda: leg.state == "ringing")
    await leg.hang_up()
    await telephones.wait_quiet(1)

    assert (leg.state, leg.status) == ("ended", 487)
    assert telephones.ringings[0].outcome == "cancelled"


async def test_a_number_that_nobody_has_is_refused(telephones: Telephones) -> None:
    leg = await telephones.dial("sophie", "999")

    await leg.wait_ended(3)
    assert leg.status == 404


async def test_a_wrong_password_is_the_status_of_the_call(telephones: Telephones) -> None:
    telephones._registered["sophie"] = Credentials("sophie", "wrong")
    leg = await telephones.dial("sophie", ECHO)

    await leg.wait_ended(3)
    assert leg.status in {401, 403}
    telephones._registered["sophie"] = Credentials("sophie", PASSWORD)


async def test_a_phone_that_is_not_registered_cannot_dial(telephones: Telephones) -> None:
    with pytest.raises(Refused, match="phone 'claire' is not registered, so it cannot dial 201"):
        await telephones.dial("claire", "201")


async def test_a_phone_hangs_up_by_itself(telephones: Telephones) -> None:
    telephones.behave("tom", "answer for 1")
    leg = await telephones.dial("sophie", "201")
    await leg.wait_ended(5)
    await telephones.wait_quiet(1)

    assert leg.talked_seconds == pytest.approx(1, abs=0.7)
    assert telephones.ringings[0].outcome == "answered"


async def test_a_gsm_hangs_up_so_long_after_its_key(telephones: Telephones) -> None:
    telephones.behave("+32470000101", "press 1 for 1")
    leg = await telephones.call(CALLER, GSM)
    await leg.wait_answered(8)
    await leg.wait_ended(4)

    assert telephones.ringings[0].pressed == "1"
    assert leg.talked_seconds == pytest.approx(1, abs=0.9)


@pytest.mark.parametrize("status", [404, 503, 600])
async def test_a_trunk_refuses_with_any_failure(telephones: Telephones, status: int) -> None:
    telephones.behave("+32470000101", f"reply {status}")
    leg = await telephones.call(CALLER, GSM)
    await leg.wait_ended(5)
    await telephones.wait_quiet(1)

    ringing = telephones.ringings[0]
    assert (ringing.outcome, ringing.rung_seconds) == ("failed", 0)


async def test_a_phone_presses_several_keys(telephones: Telephones) -> None:
    telephones.behave("+32470000101", "press 12#")
    await telephones.call(CALLER, GSM)
    await soon(lambda: [ringing for ringing in telephones.ringings if ringing.pressed], 8)

    assert telephones.ringings[0].pressed == "12#"


async def test_a_caller_hears_the_prompt_and_presses(telephones: Telephones) -> None:
    leg = await telephones.call(CALLER, KEYS_THEN_SOPHIE)
    await leg.wait_audible(3)
    await leg.press("7#")
    await soon(lambda: telephones.ringings)

    assert telephones.ringings[0].header("X-Seen") == "7"


async def test_who_says_nothing_is_not_heard(telephones: Telephones) -> None:
    leg = await telephones.call(CALLER, ECHO, talk=False)
    await leg.wait_answered(3)

    with pytest.raises(TimeoutError):
        await leg.wait_audible(0.3)


async def test_nobody_is_heard_in_a_call_that_is_over(telephones: Telephones) -> None:
    leg = await telephones.call(CALLER, ECHO)
    await leg.wait_answered(3)
    await leg.hang_up()

    with pytest.raises(CallGone):
        await leg.wait_audible(3)


async def test_a_called_phone_keeps_what_it_was_told(telephones: Telephones) -> None:
    telephones.behave("sophie", "answer")
    leg = await telephones.call(CALLER, SOPHIE)
    await leg.wait_answered(3)
    await leg.hang_up()
    await telephones.wait_quiet(2)

    methods = [message.method for message in telephones.called("sophie").received]
    assert methods[:2] == ["INVITE", "ACK"]
    assert methods[-1] == "BYE"
    assert CALLER in bytes(telephones.called("sophie").received[0]).decode()
