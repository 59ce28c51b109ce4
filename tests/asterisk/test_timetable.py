"""A real Asterisk, left alone, gives a caller the steps that `decide` gives: for random plans, callers and instants.

People's live state and whom we have called last are not in its timetable: everybody is available here, too.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.channel_variables import assignments
from aiguillage.asterisk.provisioning.almanac import DECISION, written
from aiguillage.errors import Refused
from aiguillage.routing import plan as p
from aiguillage.routing.almanac import almanac_of
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.numbers import E164, from_signalling, written_nationally
from tests.asterisk.private import AMI_SECRET, AMI_USER, Stage
from tests.unit.rich_plans import random_call, rich_directory, rich_plan

SINCE = datetime(2026, 11, 23, tzinfo=UTC)
WEEKS = timedelta(days=35)
PLANS, CALLS = 25, 24

ASKING = """
[test-timetable]
exten = s,1,Set(CALLERID(num)=${WHO})
 same = n,Gosub(timetable,s,1(${CALLED},,${AT},${KEYS}))
 same = n,Set(SAID=${ROUTE_OK} ${CHANNEL(language)} ${OURS} ${STEPS})
 same = n,Set(N=0)
 same = n(next),Set(N=$[${N} + 1])
 same = n,GotoIf($[0${STEPS} < ${N}]?told)
 same = n,Set(SAID=${SAID} ${STEP_${N}}/${STEP_${N}_DIAL}/${STEP_${N}_SECONDS}/${STEP_${N}_PROMPT})
 same = n,Set(SAID=${SAID}/${STEP_${N}_MENU}/${STEP_${N}_QUEUE}/${STEP_${N}_BOX}/${STEP_${N}_CAUSE})
 same = n,Goto(next)
 same = n(told),UserEvent(Timetable,Case: ${CASE},Said: ${SAID})
"""
_TOLD = ("", "_DIAL", "_SECONDS", "_PROMPT", "_MENU", "_QUEUE", "_BOX", "_CAUSE")


async def nothing() -> None:
    pass


@pytest.fixture
def asked(staged: Stage) -> Iterator[Stage]:
    """Its dialplan can be asked for a row of the timetable."""
    file = staged.asterisk.etc / "extensions.conf"
    before = file.read_text("utf-8")
    file.write_text(before + ASKING, "utf-8")
    yield staged
    file.write_text(before, "utf-8")
    (staged.asterisk.etc / "generated/timetable.conf").write_text("")
    staged.asterisk.console("dialplan reload")


@pytest.fixture
async def link(asked: Stage) -> AsyncIterator[ManagerLink]:
    link = ManagerLink(host="127.0.0.1", port=asked.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing)
    await link.start()
    await link.settled(5)
    yield link
    await link.close()


def told(plan: p.Plan, directory: Directory, call: Call, at: datetime) -> str | None:
    """What the router's answer would set, as [test-timetable] tells it; None where it would be refused as too long."""
    itinerary = decide(plan, directory, {}, call, at).itinerary
    try:
        variables = dict(assignments(replace(itinerary, caller_name="", announced=""), DECISION))
    except Refused:
        return None
    steps = int(variables["STEPS"])
    said = [f"1 {variables['CHANNEL(language)']} {variables['__OURS']} {steps}"]
    said += ["/".join(variables.get(f"STEP_{n}{suffix}", "") for suffix in _TOLD) for n in range(1, steps + 1)]
    return " ".join(said)


def signalled(number: E164, country: str, chance: random.Random) -> str:
    """As one of many operators would send it."""
    national = "".join(each for each in written_nationally(number, country) if each in "+0123456789")
    spellings = [number, number[1:], "00" + number[1:], national, national.removeprefix("0")]
    return chance.choice([each for each in spellings if from_signalling(each, country) == number] or [number])


async def answers(link: ManagerLink, cases: list[dict[str, str]]) -> dict[str, str]:
    """What Asterisk says of each, by its number."""
    found: dict[str, str] = {}

    async def listen() -> None:
        async for message in link.events():
            if message.get("UserEvent") == "Timetable":
                found[message["Case"]] = message["Said"]
                if len(found) == len(cases):
                    return

    listening = asyncio.create_task(listen())
    for case in cases:
        variables = [f"{name}={value}" for name, value in case.items()]
        where = {"Channel": "Local/s@test-timetable/n", "Application": "Wait", "Data": "0", "Async": "true"}
        await link.action("Originate", **where, Variable=",".join(f"__{each}" for each in variables))
    async with asyncio.timeout(20):
        await listening
    return found


@pytest.mark.timeout(300)
async def test_asterisk_alone_steers_a_call_where_the_service_would(asked: Stage, link: ManagerLink) -> None:
    compared = after_keys = 0
    for seed in range(PLANS):
        plan, chance = rich_plan(seed), random.Random(seed)
        directory = rich_directory(plan, seed)
        almanac = almanac_of(plan, directory, SINCE, SINCE + WEEKS)
        edges = [at for book in almanac.books.values() for at, _ in book.columns]
        country, zone = plan.organisation.country, plan.organisation.timezone
        lines = "".join(written(almanac, "salt", country, zone))
        (asked.asterisk.etc / "generated/timetable.conf").write_text(lines, "utf-8")
        asked.asterisk.console("dialplan reload")
        cases, wanted = [], dict[str, str]()
        for number in range(CALLS):
            at = SINCE + timedelta(minutes=chance.randrange(35 * 24 * 60))
            if chance.random() < 0.3:
                at = max(SINCE, chance.choice(edges) - chance.choice([0, 1]) * timedelta(seconds=1))
            call = replace(random_call(plan, directory, chance, at), last_outgoing=None)
            if call.caller and from_signalling(call.caller, country) is None:
                call = replace(call, caller=None)  # no operator sends a number for which no country has room
            who = signalled(call.caller, country, chance) if call.caller else ""
            called = signalled(call.called, country, chance)
            call = replace(call, presses=chance.choice(list(almanac.page(call.called, call.caller, at))))
            pressed = "&".join(f"{press.menu}:{press.keys}" for press in call.presses)
            line = told(plan, directory, call, at)
            if line is not None:
                wanted[str(number)] = line
                case = {"CASE": str(number), "WHO": who, "CALLED": called, "AT": f"{at.timestamp():.0f}"}
                case["KEYS"] = pressed
                cases.append(case)
        found = await answers(link, cases)
        assert found == wanted, f"plan {seed}"
        compared += len(found)
        after_keys += sum(bool(case["KEYS"]) for case in cases)
    assert compared >= 500
    assert after_keys >= 50
