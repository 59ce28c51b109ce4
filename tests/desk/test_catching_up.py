"""What nobody told, Asterisk's own file tells: read once, forgotten afterwards, and never with more than is kept."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from aiguillage.asterisk import call_file
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.call_file import NAME
from aiguillage.desk import catching_up, editing, erasing, journalling, publishing, recalling, retaining, webhooks
from aiguillage.desk.catching_up import CatchingUp, take_in
from aiguillage.desk.editing import Editor
from aiguillage.desk.hearing import Heard
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.receivers import Receivers
from aiguillage.desk.wording.words import Words
from aiguillage.errors import AsteriskUnavailable, StoreUnavailable
from aiguillage.routing.document import dump
from aiguillage.settings import Settings
from aiguillage.store import journal, once
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord, EventRecord
from tests.bridge.test_call_file import line
from tests.unit.examples import PLAN

NOW = datetime.now(UTC).replace(microsecond=0)
CALLER, CENTRAL = "+32471000201", "+3271000001"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_file, "SETTLED", 0.3)
    monkeypatch.setattr(catching_up, "WRITTEN_AFTER", 0.01)


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    editing.apply(database, dump(PLAN))
    publishing.publish(database, NOW - timedelta(days=400), "tests", "")
    (tmp_path / "cel").mkdir()
    return Settings(_env_file=None, state_dir=tmp_path, call_events_dir=tmp_path / "cel")  # type: ignore[call-arg]


def at(seconds: float, text: str, since: datetime = NOW) -> str:
    """The line, so many seconds after."""
    return text.replace("1795521600.438142", f"{since.timestamp() + seconds:.6f}")


def own(kind: str, facts: str, call: str, leg: str = "") -> str:
    return line(kind, "PJSIP/operator-00000000", leg or call, f'{{"extra":"{facts}"}}', call)


def answered_by_claire(call: str, caller: str = CALLER, since: datetime = NOW) -> str:
    """A call that Asterisk's timetable steers to Claire, whose GSM takes it."""
    leg = f"{call}9"
    lines = (
        own("AiguillageCall", f"Kind: inbound|From: {caller}|To: {CENTRAL}", call),
        own("AiguillageFallback", "Reason: FAILURE|By: timetable", call),
        own("AiguillageStep", "Decision: timetable|Step: 1|Kind: ring|Taken: 1|Outcome: ", call),
        own("AiguillageLeg", "Number: +32470000101", call, leg),
        line("BRIDGE_ENTER", "PJSIP/operator-00000001", leg, "{}", call),
        line("HANGUP", "PJSIP/operator-00000000", call, '{"hangupcause":16}', call),
    )
    return "".join(at(seconds, text, since) for seconds, text in enumerate(lines))


def asterisk_writes(settings: Settings, text: str) -> None:
    with (settings.call_events / NAME).open("a") as opened:
        opened.write(text)


def files(settings: Settings) -> list[str]:
    return [each.name for each in settings.call_events.iterdir()]


def calls(database: Database) -> list[recalling.CallInBrief]:
    return recalling.page(database, recalling.Wanted(), None, None, 100).calls


def test_a_call_of_a_dead_service_is_in_the_journal(settings: Settings, database: Database) -> None:
    asterisk_writes(settings, answered_by_claire("17.1"))
    done = take_in(settings, database, None, NOW)
    assert (len(done.calls), done.events) == (1, 5)
    (call,) = calls(database)
    assert (call.placed.caller, call.placed.called, call.placed.kind) == (CALLER, CENTRAL, "inbound")
    assert (call.outcome, call.person, call.seconds, call.steered_by) == ("answered", "claire", 5.0, "timetable")


def test_read_again_it_tells_nothing_new_and_is_removed(settings: Settings, database: Database) -> None:
    asterisk_writes(settings, answered_by_claire("17.1"))
    take_in(settings, database, None, NOW)
    asterisk_writes(settings, answered_by_claire("17.1"))  # as if the first had been put back
    done = take_in(settings, database, None, NOW, patience=0.35)
    assert (done.calls, done.events) == ([], 0)
    assert len(calls(database)) == 1
    assert files(settings) == []


def test_a_file_that_was_read_and_not_removed_is_read_on_from_there(settings: Settings, database: Database) -> None:
    first, second = answered_by_claire("17.1"), answered_by_claire("17.2")
    asterisk_writes(settings, first)
    take_in(settings, database, None, NOW)
    (name,) = files(settings)
    with (settings.call_events / name).open("a") as opened:  # a line that Asterisk was still writing
        opened.write(second)
    with database.reading() as session:
        identity = call_file.CallFile(settings.call_events).identity(settings.call_events / name)
        assert once.offset(session, identity) == len(first)
    assert len(take_in(settings, database, None, NOW).calls) == 1
    assert len(calls(database)) == 2


def test_nothing_is_removed_before_it_is_written_down(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreUnavailable("away")

    asterisk_writes(settings, answered_by_claire("17.1"))
    with monkeypatch.context() as patched:
        patched.setattr(once, "set_offset", fails)
        with pytest.raises(StoreUnavailable):
            take_in(settings, database, None, NOW, patience=0.35)
    assert len(files(settings)) == 1
    assert calls(database) == []
    assert len(take_in(settings, database, None, NOW).calls) == 1


@pytest.mark.parametrize(
    "facts, kind, caller, called",
    [
        ("Kind: dialled|From: claire|To: 0499000001", "outgoing", "claire", "+32499000001"),
        ("Kind: dialled|From: claire|To: 31", "internal", "claire", "31"),
        ("Kind: dialled|From: attic|To: 31", "internal", "attic", "31"),
        ("Kind: inbound|From: |To: +3271000001", "inbound", None, CENTRAL),
        ("Kind: inbound|From: 0471000201|To: 071000001", "inbound", CALLER, CENTRAL),
        ("Kind: simulated|From: +32471000201|To: +3271000001", "simulated", CALLER, CENTRAL),
    ],
)
def test_who_called_whom(
    settings: Settings, database: Database, facts: str, kind: str, caller: str | None, called: str
) -> None:
    asterisk_writes(settings, at(0, own("AiguillageCall", facts, "17.1")))
    take_in(settings, database, None, NOW)
    (call,) = calls(database)
    assert (call.placed.kind, call.placed.caller, call.placed.called) == (kind, caller, called)
    assert (call.outcome, call.steered_by) == (None, "service")


def test_a_call_is_told_in_words_and_in_french(settings: Settings, database: Database) -> None:
    asterisk_writes(settings, answered_by_claire("17.1"))
    take_in(settings, database, None, NOW)
    said = "\n".join(recalling.in_words(Words("fr"), recalling.recall(database, "17.1")))
    assert f"{CALLER} appelle {CENTRAL}" in said
    assert "le calendrier d'Asterisk décide" in said
    assert "Claire Dubois (gsm)" in said


def test_numbers_that_are_not_kept_any_more_are_not_taken_in(settings: Settings, database: Database) -> None:
    asterisk_writes(settings, answered_by_claire("17.1", since=NOW - timedelta(days=100)))
    take_in(settings, database, None, NOW)
    (call,) = calls(database)
    assert (call.placed.caller, call.person, call.outcome) == ("~", "claire", "answered")
    with database.reading() as session:
        assert "+32470000101" not in str(journal.story(session, "17.1"))


def test_who_is_erased_is_not_found_again_in_the_file(settings: Settings, database: Database) -> None:
    asterisk_writes(settings, answered_by_claire("17.1", "+32471000299"))
    subject = erasing.Subject(number="+32471000299")
    done = erasing.erase(settings, database, subject, Editor("marie"), NOW)
    assert done.erased["decisions"] == 1
    assert files(settings) == []
    (call,) = calls(database)
    assert call.placed.caller == "~"


def test_retention_takes_the_file_in_first(settings: Settings, database: Database) -> None:
    asterisk_writes(settings, answered_by_claire("17.1", since=NOW - timedelta(days=500)))
    done = retaining.retain(settings, database, NOW)
    assert done.counted == 1
    assert calls(database) == []


async def test_what_the_journal_had_to_drop_is_read_from_the_file(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away for so long that memory was full."""
    monkeypatch.setattr(journalling, "CAPACITY", 1)
    records = journalling.Journalling(database)
    records.decided(DecisionRecord("d1", "17.1", NOW, "inbound", CALLER, CENTRAL, "all", 1, [], {}))
    records.happened(EventRecord("17.1", NOW, "answered", "17.19", "claire", "gsm", {"line": "+32470000101"}))
    assert records.dropped == 1
    asterisk_writes(settings, answered_by_claire("17.1"))
    take_in(settings, database, None, NOW)
    await records.close()
    (call,) = calls(database)
    assert (call.placed.id, call.placed.route, call.person, call.outcome) == ("d1", "all", "claire", "answered")


# --- The link comes back -----------------------------------------------------------------------------------


class Asterisk:
    """Has these calls; `meanwhile` happens when it is asked the first time."""

    def __init__(self, *calls: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._calls, self._meanwhile, self.dropped = {*calls}, [meanwhile], 0

    async def calls_and_channels(self) -> set[str]:
        answer = {*self._calls}
        if self._meanwhile:
            self._meanwhile.pop()()
        return answer


def following(settings: Settings, database: Database, asterisk: Asterisk, live: LiveCalls) -> CatchingUp:
    return CatchingUp(settings, database, cast("ManagerLink", asterisk), live, Heard(), lambda: None)


def ended(database: Database, call: str) -> int:
    """How often."""
    with database.reading() as session:
        return sum(each.kind == "call-ended" for each in journal.story(session, call))


def shown(live: LiveCalls) -> dict[str, tuple[str | None, str, str | None]]:
    return {each.call: (each.caller, each.state, each.person) for each in live.now()[1]}


async def test_a_call_that_began_while_the_link_was_down_is_shown(settings: Settings, database: Database) -> None:
    *begun, _ = answered_by_claire("17.1", since=NOW - timedelta(minutes=1)).splitlines(keepends=True)
    asterisk_writes(settings, "".join(begun))
    live = LiveCalls()
    await following(settings, database, Asterisk("17.1"), live).after_login()
    assert shown(live) == {"17.1": (CALLER, "answered", "claire")}
    (call,) = calls(database)
    assert call.outcome == "answered"
    assert call.seconds is None


async def test_a_call_that_asterisk_steers_alone_is_shown_with_its_caller(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its service is there and was too slow to answer."""
    monkeypatch.setattr(catching_up, "EVERY", 0.01)
    live = LiveCalls()
    live.told(EventRecord("17.1", NOW, "ringing", "17.19", "claire", "desk"))
    assert shown(live) == {"17.1": (None, "ringing", None)}
    asterisk_writes(settings, "".join(answered_by_claire("17.1").splitlines(keepends=True)[:3]))
    task = asyncio.create_task(following(settings, database, Asterisk("17.1"), live).run())
    async with asyncio.timeout(10):
        while shown(live) != {"17.1": (CALLER, "ringing", None)}:  # noqa: ASYNC110  (what is shown is a plain attribute)
            await asyncio.sleep(0.01)
    task.cancel()


async def test_a_call_that_asterisk_has_not_any_more_is_ended(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was restarted, or killed: of a hang-up nothing was written."""
    monkeypatch.setattr(catching_up, "EVERY", 0.01)
    monkeypatch.setattr(catching_up, "SURELY_WRITTEN", timedelta(seconds=0.1))
    *begun, _ = answered_by_claire("17.1", since=NOW - timedelta(minutes=1)).splitlines(keepends=True)
    asterisk_writes(settings, "".join(begun))
    live = LiveCalls()
    live.told(DecisionRecord("d2", "17.2", NOW, "inbound", CALLER, CENTRAL, None, 1, [], {}))
    follows = following(settings, database, Asterisk(), live)
    await follows.after_login()
    assert shown(live) == {}
    assert ended(database, "17.1") == 0
    task = asyncio.create_task(follows.run())
    async with asyncio.timeout(10):
        while not ended(database, "17.1"):  # noqa: ASYNC110  (the journal tells nobody)
            await asyncio.sleep(0.01)
    task.cancel()
    (call,) = calls(database)
    assert (call.outcome, call.seconds) == ("answered", None)
    said = "\n".join(recalling.in_words(Words("en"), recalling.recall(database, "17.1")))
    assert "when it ended is not known" in said


async def test_an_end_that_asterisk_writes_late_is_the_end(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "EVERY", 0.01)
    monkeypatch.setattr(catching_up, "SURELY_WRITTEN", timedelta(seconds=0.5))
    *begun, end = answered_by_claire("17.1", since=NOW - timedelta(minutes=1)).splitlines(keepends=True)
    asterisk_writes(settings, "".join(begun))
    follows = following(settings, database, Asterisk(), LiveCalls())
    await follows.after_login()
    asterisk_writes(settings, end)
    task = asyncio.create_task(follows.run())
    async with asyncio.timeout(10):
        while follows._gone:  # noqa: ASYNC110  (a plain attribute)
            await asyncio.sleep(0.01)
    task.cancel()
    (call,) = calls(database)
    assert (call.seconds, ended(database, "17.1")) == (5.0, 1)


async def test_a_call_that_begins_while_asterisk_is_asked_goes_on(settings: Settings, database: Database) -> None:
    live = LiveCalls()
    began = DecisionRecord("d2", "17.2", NOW + timedelta(minutes=1), "inbound", CALLER, CENTRAL, None, 1, [], {})

    def rings() -> None:
        live.told(began)
        with database.writing() as session:
            once.told(session, [began], [])

    asterisk = Asterisk(meanwhile=rings)
    await following(settings, database, asterisk, live).after_login()
    assert shown(live) == {"17.2": (CALLER, "routing", None)}
    (call,) = calls(database)
    assert call.outcome is None


async def test_news_wait_until_what_was_before_them_is_read(settings: Settings, database: Database) -> None:
    levels: list[bool] = []
    asterisk = Asterisk()
    follows = following(settings, database, asterisk, LiveCalls())
    asterisk._meanwhile = [lambda: levels.append(follows.level.is_set())]
    await follows.after_login()
    assert (levels, follows.level.is_set()) == ([False], True)


async def test_asterisk_that_does_not_answer_is_in_nobodys_way(settings: Settings, database: Database) -> None:
    def fails() -> None:
        raise AsteriskUnavailable("gone again")

    follows = following(settings, database, Asterisk(meanwhile=fails), LiveCalls())
    await follows.after_login()
    assert follows.level.is_set()


async def test_events_that_were_lost_are_read_from_the_file(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "EVERY", 0.01)
    asterisk, live = Asterisk("17.2"), LiveCalls()
    live.told(DecisionRecord("d1", "17.1", NOW, "inbound", CALLER, CENTRAL, None, 1, [], {}))
    task = asyncio.create_task(following(settings, database, asterisk, live).run())
    await asyncio.sleep(0.05)
    assert shown(live) == {"17.1": (CALLER, "routing", None)}
    asterisk.dropped = 3
    async with asyncio.timeout(10):
        while shown(live):  # noqa: ASYNC110  (what is shown is a plain attribute)
            await asyncio.sleep(0.01)
    task.cancel()


def test_an_answer_that_only_the_file_has_heard_is_no_missed_call(settings: Settings, database: Database) -> None:
    """And an unanswered call is missed, although Asterisk steered it alone."""
    wish = webhooks.Wish("https://crm.example/", ("call.missed",))
    webhooks.add(database, Receivers(), "crm", wish, Editor("claire"))
    unanswered = answered_by_claire("17.2").splitlines(keepends=True)
    asterisk_writes(settings, answered_by_claire("17.1") + "".join(unanswered[:3] + unanswered[-1:]))
    take_in(settings, database, None, NOW)
    with database.writing() as session:
        late = EventRecord("17.2", NOW, "call-ended", detail={"cause": "16"})
        assert [*once.told(session, [], [late])] == []
    told = [json.loads(each.payload) for each in webhooks.deliveries(database, "crm", 100)]
    assert [each["data"]["call"] for each in told] == ["17.2"]


@pytest.mark.parametrize("tells_apart, gone", [(True, {"north-17.1"}), (False, set[str]())])
async def test_a_node_misses_its_own_calls_only_and_none_while_its_asterisk_has_another_name(
    settings: Settings, database: Database, tells_apart: bool, gone: set[str]
) -> None:
    at = NOW - timedelta(minutes=1)
    with database.writing() as session:
        for call in ("north-17.1", "south-17.1"):
            once.told(session, [DecisionRecord(call, call, at, "inbound", CALLER, CENTRAL, None, 1, [], {})], [])
    north = settings.model_copy(update={"node": "north"})
    follows = following(north, database, Asterisk(), LiveCalls())
    assert not follows.tells_apart, "before its name is known"
    follows.tells_apart = tells_apart
    await follows.after_login()
    assert set(follows._gone) == gone
