"""Stories of who calls: what a desk phone shows, what a GSM shows and says, and what the caller never learns."""

import asyncio
import subprocess
import time
from pathlib import Path

import pytest
from tests.calls.days import OFFICE_HOURS
from tests.calls.system import System

from aiguillage.simulator.called_leg import CalledLeg
from aiguillage.simulator.sound import likeness
from aiguillage.simulator.telephones import Telephones

BENOIT = "+32471000202"
"""An animator in Hainaut."""
JULIES_GSM = "+32470000103"
SAME = 0.9


def alaw(file: Path) -> bytes:
    """A prompt as it sounds on the telephone."""
    return subprocess.run(
        ["sox", str(file), "-r", "8000", "-c", "1", "-t", "al", "-"], capture_output=True, check=True
    ).stdout


async def rung(telephones: Telephones, who: str) -> CalledLeg:
    """The call that reached `who`."""
    deadline = time.monotonic() + 8
    while who not in {each.who for each in telephones.ringings}:
        assert time.monotonic() < deadline, f"{who} was not rung"
        await asyncio.sleep(0.05)
    return telephones.called(who)


async def test_a_desk_phone_shows_name_role_and_unit(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(BENOIT, "+3271000001", OFFICE_HOURS)
        shown = (await rung(telephones, "claire")).ringing()
        assert shown.caller_number == BENOIT
        assert shown.caller_name == "Benoît Maes - Animateur - Patro Saint-Rémy de Jumet"
        await leg.hang_up()


async def test_a_withheld_number_shows_none(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(None, "+3271000002", OFFICE_HOURS)
        shown = (await rung(telephones, "tom")).ringing()
        assert shown.caller_number is None or not shown.caller_number.startswith("+")
        await leg.hang_up()


@pytest.mark.parametrize(
    "did, gsm, trunk, headers",
    [
        ("+3271000014", JULIES_GSM, "", (BENOIT, "+3271000014", "")),
        ("+3271000012", "+32473000001", "second", ("+3271000012", BENOIT, "+3271000012")),
        ("+3271000013", "+32474000001", "third", ("+3271000013", "", "")),
    ],
    ids=["caller", "diversion", "ours"],
)
async def test_a_gsm_shows_what_the_trunk_lets_it(
    system: System, did: str, gsm: str, trunk: str, headers: tuple[str, str, str]
) -> None:
    """From, P-Asserted-Identity and Diversion of the INVITE that reaches the trunk, by its profile."""
    shows, asserted, diverted = headers
    async with system.telephones() as telephones, system.telephones(trunk or "second") as others:
        await system.stage(telephones)
        leg = await telephones.call(BENOIT, did, OFFICE_HOURS)
        invite = (await rung(others if trunk else telephones, gsm)).ringing()
        assert invite.caller_number == shows
        assert invite.caller_name == ""
        assert asserted in invite.header("P-Asserted-Identity")
        assert bool(asserted) == bool(invite.header("P-Asserted-Identity"))
        assert diverted in invite.header("Diversion")
        assert bool(diverted) == bool(invite.header("Diversion"))
        await leg.hang_up()


async def test_a_caller_without_a_number_is_shown_as_a_call_from_us(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(None, "+3271000014", OFFICE_HOURS)
        assert (await rung(telephones, JULIES_GSM)).ringing().caller_number == "+3271000014"
        await leg.hang_up()


async def test_the_caller_never_learns_the_number_of_the_gsm(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave(JULIES_GSM, "press 1")
        leg = await telephones.call(BENOIT, "+3271000014", OFFICE_HOURS)
        await leg.wait_answered(15)
        await asyncio.sleep(1)
        said = b"".join(bytes(message) for message in leg.received)
        assert b"SIP/2.0 200" in said
        assert b"470000103" not in said
        assert b"Julie" not in said
        await leg.hang_up()


@pytest.mark.parametrize(
    "did, gsm, trunk, language",
    [("+3271000014", JULIES_GSM, "", "fr"), ("+3271000012", "+32473000001", "second", "nl")],
)
async def test_a_gsm_hears_who_calls_in_its_owners_language(
    system: System, did: str, gsm: str, trunk: str, language: str
) -> None:
    async with system.telephones() as telephones, system.telephones(trunk or "second") as others:
        await system.stage(telephones)
        where = others if trunk else telephones
        where.behave(gsm, "answer after 1")
        leg = await telephones.call(BENOIT, did, OFFICE_HOURS)
        called = await rung(where, gsm)
        await asyncio.sleep(12)
        heard = called.heard
        await leg.hang_up()
    spoken = {file: likeness(heard, alaw(file)) for file in (system.settings.prompts_dir / "callers").glob("*.wav")}
    best = max(spoken, key=lambda file: spoken[file])
    assert best.stem.endswith(f"-{language}")
    assert spoken[best] > SAME


async def test_a_stranger_is_announced_as_a_call_and_no_more(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave(JULIES_GSM, "answer after 1")
        leg = await telephones.call("+32499000000", "+3271000014", OFFICE_HOURS)
        called = await rung(telephones, JULIES_GSM)
        await asyncio.sleep(7)
        plain = system.settings.prompts_dir / "fr/builtin/confirm.wav"
        assert likeness(called.heard, alaw(plain)) > SAME
        await leg.hang_up()


@pytest.mark.parametrize("caller, language", [("+32499000000", "fr"), ("+32471000207", "nl")])
async def test_the_greeting_is_in_the_callers_language(system: System, caller: str, language: str) -> None:
    prompts = system.settings.prompts_dir
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(caller, "+3271000001", OFFICE_HOURS)
        await asyncio.sleep(8)
        heard = {each: likeness(leg.heard, alaw(prompts / each / "welcome.wav")) for each in ("fr", "nl", "de", "en")}
        await leg.hang_up()
    assert max(heard, key=lambda each: heard[each]) == language
    assert heard[language] > SAME


async def test_the_caller_and_the_confirmed_gsm_hear_each_other(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave(JULIES_GSM, "press 1")
        leg = await telephones.call(BENOIT, "+3271000014", OFFICE_HOURS)
        await leg.wait_answered(15)
        gsm = telephones.called(JULIES_GSM)
        before = gsm.heard_seconds
        await asyncio.sleep(2)
        assert leg.heard_seconds > 1
        assert gsm.heard_seconds > before + 1
        await leg.hang_up()


# --- Trunks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure, next_trunk", [("reply 503", True), ("reply 500", True), ("refuse", False), ("busy", False)]
)
async def test_a_full_trunk_leads_to_the_next_and_a_refusal_does_not(
    system: System, failure: str, next_trunk: bool
) -> None:
    async with (
        system.telephones() as telephones,
        system.telephones("second") as second,
        system.telephones("third") as third,
    ):
        await system.stage(telephones)
        second.behave("+32472000001", failure)
        third.behave("+32472000001", "answer")
        leg = await telephones.dial("claire", "0472000001")
        await (leg.wait_answered if next_trunk else leg.wait_ended)(10)
        assert [each.caller_number for each in second.ringings] == ["+3271000002"]
        assert [each.outcome for each in third.ringings] == (["answered"] if next_trunk else [])
        await leg.hang_up()


async def test_the_last_channel_of_a_trunk_is_kept_for_emergency_calls(system: System) -> None:
    """Three channels: the third call takes the next trunk."""
    async with (
        system.telephones() as telephones,
        system.telephones("second") as second,
        system.telephones("third") as third,
    ):
        await system.stage(telephones)
        for phone, number in (("claire", "0472000001"), ("claire", "0472000002"), ("sophie", "0472000003")):
            await telephones.dial(phone, number)
            await asyncio.sleep(0.3)
        assert [each.who for each in second.ringings] == ["+32472000001", "+32472000002"]
        assert [each.who for each in third.ringings] == ["+32472000003"]
