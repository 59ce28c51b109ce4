"""Asterisk asks about keys in menus, our own phones, and callers who want to be called back: with a real store."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk.announcing import Announcing
from aiguillage.desk.answering import MAX_PRESSES, Answering, _presses
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.memory import Memory
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import Refused, StoreUnavailable
from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import Plan
from aiguillage.routing.presence import AVAILABLE, Presence
from aiguillage.routing.unfold import Press
from aiguillage.store import callbacks, journal, presences
from aiguillage.store.callbacks import CallbackRequest
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord
from tests.databases import published_sqlite
from tests.desk.test_answering import RUSH, SilentAnnouncing, header
from tests.unit.examples import DIRECTORY, PLAN, STRANGER

CENTRAL = "+3271000001"
GSM = "+32470000199"


class House:
    """One service: its answers, what it keeps, and which states it has told the snapshot."""

    def __init__(self, database: Database, plan: Plan = PLAN, daily_calls: int = 100) -> None:
        self.database = database
        self.plan, self.states = plan, dict[str, Presence]()
        self.journalling = Journalling(database)
        self.memory = Memory(self.journalling)
        self.answering = Answering(
            snapshot=lambda: Snapshot(self.plan, 3, DIRECTORY, 1),
            database=database,
            journalling=self.journalling,
            memory=self.memory,
            announcing=cast("Announcing", SilentAnnouncing()),
            presence_changed=self.states.__setitem__,
            daily_calls=daily_calls,
            simulation=True,
        )

    async def menu(self, pressed: str, *, at: str = "2026-11-24T10:00", began: str = "") -> str:
        return self.answering.menu(header(STRANGER, CENTRAL, at, began, pressed))

    async def dialled(self, *args: str) -> str:
        return self.answering.dialled(replace(header(), args=args))

    async def feature(self, *args: str) -> str:
        return await self.answering.feature(replace(header(), args=args))

    async def callback(self, caller: str, *args: str) -> str:
        return await self.answering.callback(replace(header(caller), args=args))

    async def journal(self) -> list[DecisionRecord]:
        await self.journalling.close()
        with self.database.reading() as session:
            return journal.recent(session, 100)

    def waiting(self) -> list[CallbackRequest]:
        with self.database.reading() as session:
            return callbacks.open_requests(session)

    def stored(self) -> dict[str, Presence]:
        with self.database.reading() as session:
            return dict(presences.all_presences(session))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = published_sqlite(tmp_path)
    yield House(database)
    database.close()


@pytest.fixture
def away(database: Database) -> House:
    """A service whose database has lost its tables."""
    with database.writing() as session:
        for table in ("callbacks", "presences", "plan_versions"):
            session.connection().exec_driver_sql(f"ALTER TABLE {table} RENAME TO no_{table}")
    return House(database)


def variable(command: str, name: str) -> str:
    """What a command sets, empty where it does not."""
    _, found, rest = command.partition(f"{name}=")
    return rest.partition(",")[0].partition('"')[0] if found else ""


def remarks(record: DecisionRecord) -> list[str]:
    found: list[str] = record.trace["trace"]["remarks"]
    return found


# --- keys in menus ---


async def test_a_key_is_a_new_question_with_a_whole_itinerary(house: House) -> None:
    command = await house.menu("main:2")
    (record,) = await house.journal()
    assert (record.kind, record.route, record.caller) == ("menu", "everybody else in office hours", STRANGER)
    assert variable(command, "STEP_1_DIAL") == "PJSIP/tom"
    assert command.endswith(',ROUTE_OK=1"')


async def test_a_key_is_answered_as_of_the_moment_when_the_call_began(house: House) -> None:
    began = str(int(datetime(2026, 11, 24, 11, 29, 50, tzinfo=UTC).timestamp()))  # ten seconds before the lunch break
    await house.menu("main:2", at="", began=began)
    (record,) = await house.journal()
    assert (record.route, record.trace["at"]) == ("everybody else in office hours", "2026-11-24T11:29:50+00:00")


@pytest.mark.parametrize("began", ["", "now", "-1", "1" * 12, "12345678", "١٢٣٤٥٦٧٨٩٠"])
async def test_a_beginning_that_is_none_is_now(house: House, began: str) -> None:
    await house.menu("main:2", at="", began=began)
    (record,) = await house.journal()
    assert abs(datetime.fromisoformat(record.trace["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("began", ["000000000", "99999999999"])
async def test_a_beginning_far_away_still_has_an_answer(house: House, began: str) -> None:
    assert "ROUTE_OK=1" in await house.menu("main:2", at="", began=began)


def test_presses_are_read_as_the_dialplan_writes_them() -> None:
    assert _presses("main:1") == (Press("main", "1"),)
    assert _presses("main:*&sub-2:201&main:#") == (Press("main", "*"), Press("sub-2", "201"), Press("main", "#"))


@pytest.mark.parametrize(
    "text",
    ["", "&", "main", "main:", ":1", "main:1&", "main:1&&main:2", "main:A", "ma in:1", "main:1\n", "main:123456789"],
)
async def test_what_the_dialplan_does_not_write_is_refused(house: House, text: str) -> None:
    with pytest.raises(Refused, match="are no keys pressed in menus"):
        await house.menu(text)
    assert await house.journal() == []


async def test_who_presses_on_for_ever_is_refused_at_last(house: House) -> None:
    assert "ROUTE_OK=1" in await house.menu("&".join(["main:1"] * MAX_PRESSES))
    with pytest.raises(Refused, match=f"or more than {MAX_PRESSES}"):
        await house.menu("&".join(["main:1"] * (MAX_PRESSES + 1)))


@given(st.one_of(st.text(), st.text("mainsub-_:&*#0123456789\n\x00é", max_size=120)))
def test_any_text_is_presses_or_refused(text: str) -> None:
    try:
        found = _presses(text)
    except Refused:
        return
    assert 1 <= len(found) <= MAX_PRESSES
    assert "&".join(f"{each.menu}:{each.keys}" for each in found) == text


async def test_a_caller_who_presses_keys_takes_one_turn_of_a_rotary_group(house: House) -> None:
    """The group stands in the first answer, as what follows without a key, and in the second."""
    menu = house.plan.menus["main"]
    shop = replace(PLAN.ring_groups["shop"], strategy="rotary")
    house.plan = replace(
        PLAN,
        ring_groups={**PLAN.ring_groups, "shop": shop},
        menus={"main": replace(menu, otherwise=menu.keys["2"])},
    )
    rung_first = []
    for _ in range(4):
        house.answering.inbound(header(STRANGER, CENTRAL, "2026-11-24T10:00"))
        await house.menu("main:1")
        rung_first.append(variable(await house.menu("main:1&main:2"), "STEP_1_DIAL"))
    assert sorted(rung_first[:2]) == ["PJSIP/sophie", "PJSIP/tom"]
    assert rung_first[2:] == rung_first[:2]
    assert house.memory.turns().rung == {"shop": 4}


async def test_a_rotary_group_behind_a_key_takes_its_turn_with_the_key(house: House) -> None:
    shop = replace(PLAN.ring_groups["shop"], strategy="rotary")
    house.plan = replace(PLAN, ring_groups={**PLAN.ring_groups, "shop": shop})
    house.answering.inbound(header(STRANGER, CENTRAL, "2026-11-24T10:00"))
    assert house.memory.turns().rung == {}
    await house.menu("main:2")
    assert house.memory.turns().rung == {"shop": 1}


# --- our own phones dial ---


async def test_an_outside_call_is_steered_counted_and_remembered(house: House) -> None:
    command = await house.dialled("claire", "0470000199", "")
    (record,) = await house.journal()
    assert (record.kind, record.caller, record.called) == ("outgoing", "claire", GSM)
    assert remarks(record) == ['outbound route "everything else" over operator']
    assert (variable(command, "STEP_1"), variable(command, "STEP_1_NUMBER")) == ("outside", GSM)
    assert variable(command, "STEP_1_SHOWS") == CENTRAL
    assert house.memory.placed_today("claire", PLAN, datetime.now(UTC)) == 1
    outgoing = house.memory.last_outgoing(E164(GSM))
    assert outgoing is not None
    assert outgoing.person == "claire"


async def test_a_call_that_stays_inside_is_not_counted(house: House) -> None:
    command = await house.dialled("claire", "202", "")
    (record,) = await house.journal()
    assert (record.kind, record.called) == ("internal", "202")
    assert variable(command, "CALLERID(name)") == "Claire Dubois"
    assert house.memory.placed_today("claire", PLAN, datetime.now(UTC)) == 0


async def test_a_transferred_caller_keeps_their_own_name(house: House) -> None:
    assert "CALLERID(name)" not in await house.dialled("claire", "202", "1")


async def test_a_refused_call_is_not_counted_and_the_journal_says_why(house: House) -> None:
    command = await house.dialled("tom", "0470000199", "")
    (record,) = await house.journal()
    assert (record.kind, record.caller, record.called) == ("internal", "tom", "0470000199")
    assert remarks(record) == ["this phone may not call outside numbers"]
    assert variable(command, "STEP_1_PROMPT") == "builtin/not-permitted"
    assert house.memory.placed_today("tom", PLAN, datetime.now(UTC)) == 0


async def test_a_phone_that_has_placed_its_calls_of_the_day_places_no_more(database: Database) -> None:
    house = House(database, daily_calls=2)
    prompts = [variable(await house.dialled("claire", "0470000199", ""), "STEP_1_PROMPT") for _ in range(3)]
    assert prompts == ["", "", "builtin/too-many-calls"]
    assert variable(await house.dialled("sophie", "0470000199", ""), "STEP_1") == "outside"


@pytest.mark.parametrize("args", [(), ("",), ("nobody", "0470000199", ""), ("nobody", "\x00é{}", "x")])
async def test_a_phone_that_nobody_owns_dials_nothing_outside(house: House, args: tuple[str, ...]) -> None:
    command = await house.dialled(*args)
    assert command.endswith(',ROUTE_OK=1"')
    assert "STEP_1_NUMBER" not in command


# --- codes that say where people are ---


@pytest.mark.parametrize(
    "code, state, said",
    [
        ("*26#", Presence("do not disturb"), "builtin/state-do-not-disturb"),
        ("*27#", Presence("away"), "builtin/state-away"),
        ("*21*0470000199#", Presence("forwarded", forward_to=E164(GSM)), "builtin/state-forwarded"),
    ],
)
async def test_a_code_is_kept_said_and_known_to_the_next_call(
    house: House, code: str, state: Presence, said: str
) -> None:
    command = await house.feature("claire", code)
    assert house.states == house.stored() == {"claire": state}
    assert variable(command, "STEP_1_PROMPT") == said
    (record,) = await house.journal()
    assert (record.kind, record.caller, record.called) == ("code", "claire", code)
    assert remarks(record) == [state.state]


async def test_a_code_that_ends_a_state_ends_it(house: House) -> None:
    await house.feature("claire", "*26#")
    command = await house.feature("claire", "#26#")
    assert (house.states, house.stored()) == ({"claire": AVAILABLE}, {})
    assert variable(command, "STEP_1_PROMPT") == "builtin/state-available"


@pytest.mark.parametrize(
    "endpoint, code, why",
    [
        ("claire", "*22#", "is no code"),
        ("claire", "*21*0031201234567#", 'calls cannot be forwarded there: permission "national" does not hold'),
        ("claire", "*21*090312345#", "never dialled"),
        ("claire", "*21*071000001#", "one of our own numbers"),
        ("tom", "*21*0470000199#", "may not call outside numbers"),
        ("nobody", "*26#", "is not in the plan"),
        ("", "", "is no code"),
    ],
)
async def test_a_code_that_cannot_be_is_not_kept_and_the_phone_says_so(
    house: House, endpoint: str, code: str, why: str
) -> None:
    command = await house.feature(endpoint, code)
    assert variable(command, "STEP_1_PROMPT") == "builtin/no-such-number"
    assert house.states == house.stored() == {}
    (record,) = await house.journal()
    assert why in remarks(record)[0]


async def test_no_state_is_confirmed_that_the_store_has_not(away: House) -> None:
    with pytest.raises(StoreUnavailable):
        await away.feature("claire", "*26#")
    assert away.states == {}
    assert away.journalling.backlog == 0


# --- callers who want to be called back ---


async def test_a_caller_is_called_back_in_the_place_that_was_theirs(house: House) -> None:
    assert await house.callback("0471000201", "front-desk", "1795000000") == "SET VARIABLE ROUTE_OK 1"
    (request,) = house.waiting()
    assert (request.queue, request.number, request.name) == ("front-desk", "+32471000201", "Anne Lambert")
    assert request.waiting_since == datetime.fromtimestamp(1795000000, UTC)
    assert request.call == header().uniqueid
    assert abs(request.asked_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_caller_whom_nobody_knows_has_no_name(house: House) -> None:
    await house.callback(STRANGER, "front-desk", "1795000000")
    assert [each.name for each in house.waiting()] == [""]


async def test_who_asks_again_keeps_the_earlier_place(house: House) -> None:
    for entered in ("1795000000", "1795000600"):
        await house.callback(STRANGER, "front-desk", entered)
    assert [each.waiting_since for each in house.waiting()] == [datetime.fromtimestamp(1795000000, UTC)]


@pytest.mark.parametrize("caller", ["", "anonymous", "12", "1;drop", "+" + "9" * 40])
async def test_a_caller_without_a_number_cannot_be_called_back(house: House, caller: str) -> None:
    with pytest.raises(Refused, match="a caller without a number cannot be called back"):
        await house.callback(caller, "front-desk", "1795000000")
    assert house.waiting() == []


@pytest.mark.parametrize(
    "args", [(), ("", ""), ("gone", "1795000000"), ("front-desk", ""), ("front-desk", "yesterday")]
)
async def test_a_question_without_queue_or_time_is_refused(house: House, args: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        await house.callback(STRANGER, *args)
    assert house.waiting() == []


async def test_nothing_is_promised_when_the_store_fails(away: House) -> None:
    with pytest.raises(StoreUnavailable):
        await away.callback(STRANGER, "front-desk", "1795000000")


# --- whatever comes ---


@given(args=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), max_size=6))
async def test_whatever_comes_has_an_answer_or_is_refused(args: list[str]) -> None:
    class Nowhere:
        def writing(self) -> Any:
            raise StoreUnavailable("away")

        reading = writing

    house = House(cast("Database", Nowhere()))
    for ask in (house.answering.inbound, house.answering.dialled):
        assert ask(_question(args)).endswith(',ROUTE_OK=1"')
    with contextlib.suppress(Refused):
        assert "ROUTE_OK" in house.answering.menu(_question(args))
    for store in (house.answering.feature, house.answering.callback):
        with contextlib.suppress(Refused, StoreUnavailable):
            assert "ROUTE_OK" in await store(_question(args))


def _question(args: list[str]) -> AgiHeader:
    return replace(header(), args=tuple(args))


async def test_the_rush_hour_is_where_a_key_is_pressed_too(house: House) -> None:
    await house.menu("main:2", at=RUSH)
    (record,) = await house.journal()
    assert record.route == "rush hour"
