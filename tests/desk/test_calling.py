"""Click-to-call at the desk: a call is placed once, or not at all, and followed to its end by what is heard of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from aiguillage.asterisk.events import CallEvent, Kind
from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk import calling as module
from aiguillage.desk.calling import KEPT, LOOK_EVERY, LOST_AFTER, Calling, NoCalls, PlacedCall, describe
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.memory import Memory
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AnswerLost, AsteriskRefused, AsteriskUnavailable, Conflict, NotFound, Refused, Unavailable
from aiguillage.routing.numbers import E164
from tests.desk.test_answering import SNAPSHOT, FakeJournalling, answering_with, header

PRESIDENT = "+32471000201"


class FakeManager:
    """Asterisk: `wrong` by the action that fails so."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str]] = []
        self.wrong: dict[str, Exception] = {}

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        self.asked.append({"Action": name, **fields})
        if name in self.wrong:
            raise self.wrong[name]
        return {"Response": "Success"}


class Forgetful:
    """A journal that keeps nothing."""

    def remember(self, fact: object) -> None:
        pass


class Desk:
    """Calls of the example federation; `heard` tells what is heard of the last one."""

    def __init__(
        self, daily_calls: int = 100, snapshot: Callable[[], Snapshot | None] = lambda: SNAPSHOT, prefix: str = ""
    ) -> None:
        self.asterisk = FakeManager()
        self.memory = Memory(cast("Journalling", Forgetful()))
        self.calling = Calling(self.asterisk, snapshot, self.memory, daily_calls, prefix)
        self.call = ""

    async def place(self, person: str = "sophie", to: str = PRESIDENT) -> PlacedCall:
        placed = await self.calling.place(person, to, "token console")
        self.call = placed.id
        return placed

    def heard(self, *told: str, line: str | None = None, **detail: str) -> PlacedCall:
        """Each as `kind leg`; line and detail are the same for all."""
        for each in told:
            kind, _, leg = each.partition(" ")
            event = CallEvent(self.call, datetime.now(UTC), cast("Kind", kind), leg or None, line, detail=detail)
            self.calling.happened(event)
        return self.now

    @property
    def now(self) -> PlacedCall:
        return self.calling.get(self.call)


@pytest.fixture
def desk() -> Desk:
    return Desk()


COLLEAGUE_ANSWERS = ("dialled desk", "ringing desk", "answered desk")


# --- placing ---


async def test_a_call_is_asked_for_once_and_known_from_then_on(desk: Desk) -> None:
    placed = await desk.place()
    assert (placed.state, placed.person, placed.to, placed.shows) == ("asked", "sophie", PRESIDENT, "+3271000001")
    assert desk.calling.get(placed.id) == placed
    (asked,) = desk.asterisk.asked
    assert (asked["Action"], asked["ChannelId"], asked["Exten"]) == ("Originate", placed.id, PRESIDENT)
    assert asked["Timeout"] == "30000", "20 s of ringing, and a margin"


@pytest.mark.parametrize(
    "person, to, error",
    [("toto", PRESIDENT, NotFound), ("marc", PRESIDENT, Refused), ("sophie", "112", Refused), ("sophie", "x", Refused)],
)
async def test_what_cannot_be_is_refused_and_asterisk_not_asked(
    desk: Desk, person: str, to: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await desk.place(person, to)
    assert desk.asterisk.asked == []


async def test_the_days_calls_are_those_of_the_desk_phone() -> None:
    desk = Desk(daily_calls=2)
    for number in (1, 2):
        desk.memory.called_out("sophie", "sophie", E164(f"+3247100020{number}"), SNAPSHOT.plan, datetime.now(UTC))
    with pytest.raises(Conflict, match="all the calls that it may today"):
        await desk.place()
    await desk.place(to="211")


async def test_a_colleague_is_rung_for_one_call_at_a_time(desk: Desk) -> None:
    await desk.place()
    with pytest.raises(Conflict, match=r"sophie is being rung already, to call \+32471000201"):
        await desk.place(to="+32471000202")
    await desk.place("claire")
    desk.call = next(iter(desk.calling._calls))
    desk.heard(*COLLEAGUE_ANSWERS)
    await desk.place(to="+32471000202")


@pytest.mark.parametrize("wrong", [AsteriskUnavailable("down"), AsteriskRefused("Originate: refused")])
async def test_what_asterisk_did_not_take_is_no_call(desk: Desk, wrong: Exception) -> None:
    desk.asterisk.wrong["Originate"] = wrong
    with pytest.raises(Unavailable):
        await desk.place()
    desk.asterisk.wrong.clear()
    await desk.place()


async def test_a_lost_answer_is_a_call_until_it_is_known_to_be_none(desk: Desk) -> None:
    desk.asterisk.wrong = {"Originate": AnswerLost("lost"), "Getvar": AsteriskUnavailable("down")}
    placed = await desk.place()
    assert placed.state == "asked"
    await desk.calling.look(placed.asked_at + LOST_AFTER / 2)
    assert len(desk.asterisk.asked) == 1, "too early to tell"
    await desk.calling.look(placed.asked_at + 2 * LOST_AFTER)
    assert desk.now.state == "asked", "Asterisk cannot be asked"
    desk.asterisk.wrong["Getvar"] = AsteriskRefused("No such channel")
    await desk.calling.look(placed.asked_at + 2 * LOST_AFTER)
    assert (desk.now.state, desk.now.outcome) == ("ended", "unknown")
    assert [each["Action"] for each in desk.asterisk.asked] == ["Originate", "Getvar", "Getvar"]


async def test_without_a_plan_or_an_asterisk_there_are_no_calls() -> None:
    with pytest.raises(Unavailable, match="no plan has been published yet"):
        await Desk(snapshot=lambda: None).place()
    with pytest.raises(Unavailable, match="this service is a desk, which has no Asterisk"):
        NoCalls().place("sophie", PRESIDENT, "token console")
    with pytest.raises(NotFound):
        NoCalls().get("0" * 32)


async def test_what_is_in_memory_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    ended = await desk.place()
    desk.heard("call-ended")
    await desk.place()
    with pytest.raises(Unavailable, match="2 calls were placed in the last minutes"):
        await desk.place("claire")
    long_ago = desk.calling._calls[ended.id]
    long_ago.history[-1] = replace(long_ago.now, ended_at=datetime.now(UTC) - KEPT - timedelta(seconds=1))
    await desk.place("claire")
    with pytest.raises(NotFound, match="look in the journal"):
        desk.calling.get(ended.id)


# --- following ---


async def test_a_call_is_followed_from_the_first_ringing_to_the_end(desk: Desk) -> None:
    await desk.place()
    happens = (*COLLEAGUE_ANSWERS, "dialled out", "ringing out", "answered out")
    told = [desk.heard(each).state for each in happens]
    ended = desk.heard("call-ended", cause="16", cause_text="Normal Clearing")
    assert told == ["asked", "ringing-colleague", "colleague-answered", "colleague-answered", "ringing", "answered"]
    assert (ended.state, ended.outcome, ended.cause, ended.cause_text) == ("ended", "talked", 16, "Normal Clearing")
    assert ended.colleague_answered_at is not None
    assert ended.answered_at is not None
    assert ended.ended_at is not None
    assert ended.asked_at < ended.colleague_answered_at <= ended.answered_at <= ended.ended_at
    assert desk.heard("ringing desk", "answered out", "call-ended") == ended, "nothing comes after the end"


async def test_the_colleagues_other_phones_stop_ringing_and_that_is_no_end(desk: Desk) -> None:
    await desk.place()
    desk.heard("dialled desk", "dialled gsm", "ringing gsm", "answered desk")
    desk.heard("leg-ended gsm", outcome="CANCEL", cause="26")
    desk.heard("dialled out", "ringing out")
    desk.heard("leg-ended out", outcome="BUSY", cause="17", cause_text="User busy")
    ended = desk.heard("call-ended", cause="16")
    assert (ended.outcome, ended.cause, ended.cause_text) == ("busy", 17, "User busy")


@pytest.mark.parametrize(
    "detail, outcome",
    [
        ({"outcome": "NOANSWER", "cause": "18"}, "no-answer"),
        ({"outcome": "NOANSWER", "cause": "19"}, "no-answer"),
        ({"outcome": "NOANSWER", "cause": "21"}, "refused"),
        ({"outcome": "NOANSWER", "cause": "1"}, "failed"),
        ({"outcome": "CONGESTION", "cause": "34"}, "failed"),
        ({"outcome": "CANCEL", "cause": "0"}, "given-up"),
        ({"outcome": "", "cause": ""}, "failed"),
    ],
)
async def test_how_the_other_side_was_not_reached(desk: Desk, detail: dict[str, str], outcome: str) -> None:
    await desk.place()
    desk.heard(*COLLEAGUE_ANSWERS, "dialled out")
    desk.heard("leg-ended out", **detail)
    assert desk.heard("call-ended", cause="16").outcome == outcome


async def test_the_next_trunk_may_reach_the_other_side_after_all(desk: Desk) -> None:
    await desk.place()
    desk.heard(*COLLEAGUE_ANSWERS, "dialled first")
    desk.heard("leg-ended first", outcome="CONGESTION", cause="34")
    desk.heard("dialled second", "answered second")
    assert desk.heard("call-ended", cause="16").outcome == "talked"


async def test_a_colleague_who_is_told_why_not_never_reached_anybody(desk: Desk) -> None:
    await desk.place()
    desk.heard(*COLLEAGUE_ANSWERS)
    assert desk.heard("call-ended", cause="21").outcome == "refused"


async def test_a_colleague_who_does_not_answer(desk: Desk) -> None:
    await desk.place()
    desk.heard("dialled desk", "ringing desk")
    desk.heard("leg-ended desk", outcome="NOANSWER", cause="0")
    assert desk.heard("call-ended", cause="16").outcome == "colleague-did-not-answer"


async def test_asterisk_could_not_even_begin(desk: Desk) -> None:
    placed = await desk.place()
    desk.calling.not_placed(placed.id, datetime.now(UTC))
    assert (desk.now.state, desk.now.outcome) == ("ended", "colleague-did-not-answer")
    desk.calling.not_placed("0" * 32, datetime.now(UTC))


async def test_a_transfer_of_the_talk_changes_nothing(desk: Desk) -> None:
    await desk.place()
    desk.heard(*COLLEAGUE_ANSWERS, "dialled out", "answered out")
    answered = desk.now
    assert desk.heard("dialled tom", "ringing tom", "answered tom") == answered


async def test_other_calls_are_none_of_ours(desk: Desk) -> None:
    placed = await desk.place()
    desk.calling.happened(CallEvent("1796000000.1", datetime.now(UTC), "call-ended"))
    desk.calling.goes_on("1796000000.1")
    assert desk.now == placed


# --- when the link was lost ---


async def test_asterisks_question_tells_that_the_colleague_has_answered(desk: Desk) -> None:
    await desk.place()
    desk.calling.goes_on(desk.call)
    assert desk.now.state == "colleague-answered"
    desk.heard("ringing desk", "answered desk", "leg-ended desk")
    assert (desk.now.state, desk.now.answered_at) == ("colleague-answered", None), "of a leg that nobody saw dialled"
    assert desk.heard("dialled out", "ringing out", "answered out").state == "answered"


async def test_a_question_that_overtakes_the_news_makes_the_colleagues_phone_nobody_elses(desk: Desk) -> None:
    await desk.place()
    desk.calling.goes_on(desk.call)
    assert desk.heard(*COLLEAGUE_ANSWERS, line="sophie").state == "colleague-answered"
    assert desk.heard("dialled out", "ringing out", line=PRESIDENT).state == "ringing"
    assert desk.heard("dialled again", "answered again", line="sophie").state == "answered", "a group she is in"


async def test_the_answer_of_a_phone_that_nobody_saw_ring_is_the_colleagues(desk: Desk) -> None:
    await desk.place()
    desk.heard("answered desk")
    desk.calling.goes_on(desk.call)
    assert (desk.now.state, desk.now.revision) == ("colleague-answered", 1)


@pytest.mark.parametrize("there", [True, False])
async def test_after_the_link_was_lost_asterisk_is_asked_whether_the_call_is_still_there(
    desk: Desk, *, there: bool
) -> None:
    placed = await desk.place()
    desk.heard(*COLLEAGUE_ANSWERS)
    await desk.calling.look(placed.asked_at + 2 * LOST_AFTER)
    assert len(desk.asterisk.asked) == 1, "no reason to ask"
    desk.calling.doubt(placed.asked_at + 2 * LOST_AFTER)
    if not there:
        desk.asterisk.wrong["Getvar"] = AsteriskRefused("No such channel")
    await desk.calling.look(placed.asked_at + 2 * LOST_AFTER)
    assert desk.asterisk.asked[-1] == {"Action": "Getvar", "Channel": placed.id, "Variable": "CHANNEL(state)"}
    assert desk.now.state == ("colleague-answered" if there else "ended")


async def test_a_call_whose_end_nobody_told_is_looked_for_in_time(desk: Desk) -> None:
    placed = await desk.place()
    desk.asterisk.wrong["Getvar"] = AsteriskRefused("No such channel")
    await desk.calling.look(placed.asked_at + LOOK_EVERY)
    assert desk.now.outcome == "unknown"


# --- telling ---


async def test_a_follower_is_told_all_that_was_and_all_that_comes(desk: Desk) -> None:
    await desk.place()
    desk.heard("dialled desk", "ringing desk")
    told: list[Any] = []

    async def follow(after: int) -> None:
        told.append([each.state async for each in desk.calling.follow(desk.call, after)])

    followers = [asyncio.create_task(follow(after)) for after in (-1, 1)]
    await asyncio.sleep(0)
    desk.heard("answered desk", "dialled out", "answered out")
    await asyncio.sleep(0)
    desk.heard("call-ended", cause="16")
    async with asyncio.timeout(1):
        await asyncio.gather(*followers)
    later = ["colleague-answered", "answered", "ended"]
    assert told == [["asked", "ringing-colleague", *later], later]
    assert [each.state async for each in desk.calling.follow(desk.call)] == told[0]


async def test_a_slow_follower_misses_nothing_and_one_who_has_seen_it_all_waits_for_nothing(desk: Desk) -> None:
    await desk.place()
    following = desk.calling.follow(desk.call)
    told = [(await anext(following)).state]
    desk.heard(*COLLEAGUE_ANSWERS)
    told.append((await anext(following)).state)
    desk.heard("call-ended", cause="16")
    told += [each.state async for each in following]
    assert told == ["asked", "ringing-colleague", "colleague-answered", "ended"]
    async with asyncio.timeout(1):
        assert [each async for each in desk.calling.follow(desk.call, 999)] == []


async def test_a_service_that_stops_lets_its_followers_go(desk: Desk) -> None:
    await desk.place()

    async def follow() -> int:
        return len([each async for each in desk.calling.follow(desk.call)])

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    desk.calling.close()
    async with asyncio.timeout(1):
        assert await following == 1


async def test_a_call_is_described_as_plain_data(desk: Desk) -> None:
    placed = await desk.place()
    told = describe(placed)
    assert told["asked_at"] == placed.asked_at.isoformat()
    assert (told["id"], told["state"], told["ended_at"], told["cause"]) == (placed.id, "asked", None, None)


# --- Asterisk's questions ---


def question(*args: str, call: str = "1796000000.1") -> AgiHeader:
    return replace(header(), args=args, uniqueid=call)


async def test_asterisk_is_told_which_phones_ring_and_the_journal_which_call_that_is(desk: Desk) -> None:
    journal = FakeJournalling()
    answering = replace(answering_with(journal), calling=desk.calling)
    await desk.place()
    command = answering.placed(question(desk.call, call=f"{desk.call}-colleague"))
    assert "STEP_1_DIAL=PJSIP/sophie,STEP_1_WHO=sophie" in command
    assert "STEP_2=hangup" in command
    (record,) = journal.decisions
    assert (record.call, record.kind, record.caller, record.called) == (desk.call, "click-to-call", "sophie", PRESIDENT)
    assert record.trace["asked_by"] == "token console"


async def test_a_call_that_nobody_asked_for_rings_nobody(desk: Desk) -> None:
    for answering in (
        answering_with(FakeJournalling()),
        replace(answering_with(FakeJournalling()), calling=desk.calling),
    ):
        with pytest.raises(NotFound):
            answering.placed(question("0" * 32))


@pytest.mark.parametrize("transfers, who", [("", "claire"), ("1", "sophie")])
async def test_the_second_half_is_an_outgoing_call_of_whoever_asked_for_it_unless_they_hand_it_on(
    transfers: str, who: str
) -> None:
    journal = FakeJournalling()
    answering = answering_with(journal)
    journal.remember = lambda fact: None  # type: ignore[attr-defined]  # the memory's own writing
    answering.dialled(question("sophie", PRESIDENT, transfers, "claire"))
    (record,) = journal.decisions
    assert (record.kind, record.caller) == ("outgoing", who)


async def test_the_second_half_says_that_the_colleague_has_answered(desk: Desk) -> None:
    journal = FakeJournalling()
    journal.remember = lambda fact: None  # type: ignore[attr-defined]  # the memory's own writing
    await desk.place()
    replace(answering_with(journal), calling=desk.calling).dialled(
        question("sophie", PRESIDENT, "", "sophie", call=desk.call)
    )
    assert desk.now.state == "colleague-answered"


async def test_the_id_of_a_call_begins_with_the_node_that_places_it() -> None:
    desk = Desk(prefix="north-")
    placed = await desk.place()
    assert placed.id.startswith("north-")
    originate, *_ = desk.asterisk.asked
    assert originate["Channel"] == f"Local/{placed.id}@colleague/n"
    assert originate["ChannelId"] == placed.id
    assert len(originate["OtherChannelId"]) <= 64, (
        "so that the API takes it for a call's id, with the longest name, too"
    )
