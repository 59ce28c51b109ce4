"""Prometheus reads each part as it is at that moment, and nothing that a caller has written."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aiguillage import __version__
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.fastagi import AgiHeader, Listener, exchange
from aiguillage.asterisk.trunks import TrunkStatus
from aiguillage.desk.delivering import Delivering
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.measuring import Meters
from aiguillage.desk.metrics import Metrics
from aiguillage.desk.posting import Poster
from aiguillage.desk.receivers import PUBLIC
from aiguillage.desk.snapshot import Snapshot
from aiguillage.desk.trunks import Trunks
from aiguillage.doctor import HARMLESS
from aiguillage.errors import Unavailable
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord
from tests.databases import migrated_sqlite
from tests.unit.examples import PLAN

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/operations.md"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

Figures = dict[tuple[str, str], float]


class Office:
    """Every part that is measured; none of them runs."""

    def __init__(self, database: Database) -> None:
        self.meters, self.live = Meters(), LiveCalls()
        self.snapshot: Snapshot | None = None
        self.link = ManagerLink(host="127.0.0.1", port=1, user="x", secret="x", on_up=nothing)
        routes = {"inbound": hang_up, "alive": fails}
        self.listener = Listener(self.meters.timed(routes), "127.0.0.1", 0)
        self.journalling = Journalling(database, self.live.told)
        self.delivering = Delivering(database, Poster(PUBLIC))
        self.trunks = Trunks(self.journalling)
        self.metrics = Metrics(
            self.meters,
            lambda: self.snapshot,
            self.link,
            self.listener,
            self.journalling,
            self.delivering,
            self.trunks,
            self.live,
        )

    def read(self) -> Figures:
        """(name, values of its labels) -> figure."""
        families = text_string_to_metric_families(self.metrics.text().decode())
        return {(each.name, ",".join(each.labels.values())): each.value for one in families for each in one.samples}


async def nothing() -> None:
    pass


async def hang_up(question: AgiHeader) -> str:
    return "NOOP"


async def fails(question: AgiHeader) -> str:
    raise Unavailable("no plan in memory yet")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = migrated_sqlite(tmp_path)
    yield Office(database)
    database.close()


def test_before_anything_has_happened_it_says_so(office: Office) -> None:
    figures = office.read()
    assert figures["aiguillage_build_info", __version__] == 1
    assert figures["aiguillage_ami_up", ""] == 0
    assert figures["aiguillage_fallback_calls_total", "last-resort"] == 0, "a rate needs the zero before the first"
    assert figures["aiguillage_agi_exchanges_total", "too_slow"] == 0
    assert figures["aiguillage_webhook_deliveries_total", "given-up"] == 0
    assert not [name for name, _ in figures if "plan_version" in name or "snapshot_age" in name]


def test_what_calls_follow(office: Office) -> None:
    office.snapshot = Snapshot(PLAN, 7, directory_revision=3)
    office.meters.looked()
    figures = office.read()
    assert figures["aiguillage_plan_version", ""] == 7
    assert figures["aiguillage_directory_revision", ""] == 3
    assert 0 <= figures["aiguillage_snapshot_age_seconds", ""] < 60


async def test_each_question_is_timed_and_counted_by_its_end(office: Office) -> None:
    await office.listener.start()
    try:
        await exchange("127.0.0.1", office.listener.port, "inbound", HARMLESS)
        for script in ("alive", "nothing"):
            with pytest.raises(Unavailable):
                await exchange("127.0.0.1", office.listener.port, script, HARMLESS)
    finally:
        await office.listener.drain(1)
    figures = office.read()
    assert figures["aiguillage_route_decision_seconds_count", "inbound"] == 1
    assert figures["aiguillage_route_decision_seconds_count", "alive"] == 1, "a question that fails took its time, too"
    ends = {end: figures["aiguillage_agi_exchanges_total", end] for end in ("answered", "failed", "refused_header")}
    assert ends == {"answered": 1, "failed": 1, "refused_header": 1}
    assert figures["aiguillage_agi_sessions_active", ""] == 0


def test_events_of_asterisk(office: Office) -> None:
    office.snapshot = Snapshot(PLAN, 1)
    queue = next(iter(PLAN.queues))
    for message in (
        {"Event": "UserEvent", "UserEvent": "AiguillageFallback", "By": "timetable", "Reason": "FAILURE"},
        {"Event": "UserEvent", "UserEvent": "AiguillageFallback", "Reason": "FAILURE"},
        {"Event": "UserEvent", "UserEvent": "AiguillageFallback", "By": "+32471000201"},
        {"Event": "QueueCallerJoin", "Queue": queue, "Count": "2", "CallerIDNum": "+32471000201"},
        {"Event": "QueueCallerJoin", "Queue": "left-the-plan", "Count": "1"},
        {"Event": "+32471000201"},
    ):
        office.meters.heard(message)
    figures = office.read()
    by = {by: figures["aiguillage_fallback_calls_total", by] for by in ("timetable", "phone", "last-resort", "other")}
    assert by == {"timetable": 1, "phone": 1, "last-resort": 0, "other": 1}
    assert figures["aiguillage_queue_callers_waiting", queue] == 2
    assert ("aiguillage_queue_callers_waiting", "left-the-plan") not in figures
    assert figures["aiguillage_ami_events_total", "QueueCallerJoin"] == 2
    assert figures["aiguillage_ami_events_total", "other"] == 1
    office.meters.heard({"Event": "QueueCallerLeave", "Queue": queue, "Count": "0"})
    assert office.read()["aiguillage_queue_callers_waiting", queue] == 0


def test_parts_are_read_as_they_are(office: Office) -> None:
    office.snapshot = Snapshot(PLAN, 1)
    trunk, *_ = PLAN.trunks
    office.trunks.heard(TrunkStatus(trunk, answers=True), NOW)
    office.link.state, office.link.logins, office.link.dropped = "up", 3, 4
    office.journalling.dropped = 5
    office.journalling.decided(DecisionRecord("d", "c", NOW, "inbound", None, "+3271000001", None, 1, [], {}))
    figures = office.read()
    assert figures["aiguillage_trunk_up", trunk] == 1
    assert figures["aiguillage_ami_up", ""] == 1
    assert figures["aiguillage_ami_reconnects_total", ""] == 2
    assert figures["aiguillage_ami_events_dropped_total", ""] == 4
    assert figures["aiguillage_journal_dropped_total", ""] == 5
    assert figures["aiguillage_journal_backlog", ""] == 1
    assert figures["aiguillage_calls_active", "routing"] == 1
    office.trunks.heard(TrunkStatus(trunk, answers=False), NOW)
    assert office.read()["aiguillage_trunk_up", trunk] == 0


@given(st.dictionaries(st.sampled_from(["Event", "UserEvent", "By", "Queue", "Count", "x"]), st.text(max_size=30)))
def test_whatever_an_event_holds_is_no_label(message: dict[str, str]) -> None:
    meters = Meters()
    meters.heard(message)
    assert set(meters.fallbacks) <= {"timetable", "last-resort", "phone", "other"}
    assert all(event == "other" or event.isidentifier() for event in meters.events)


def test_a_late_event_loop_is_told_once_in_a_while() -> None:
    meters = Meters()
    with structlog.testing.capture_logs() as logged:
        for seconds, now in ((0.02, 0.0), (0.3, 1.0), (0.9, 2.0), (0.2, 31.5)):
            meters.late(seconds, now)
    assert [entry["milliseconds"] for entry in logged] == [300, 200]
    assert meters.lag == 0.9


async def test_the_event_loop_is_watched() -> None:
    meters = Meters()
    watching = asyncio.create_task(meters.watch())
    async with asyncio.timeout(20):
        while not meters._lags:  # noqa: ASYNC110  (a look comes every quarter of a second)
            await asyncio.sleep(0.05)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert 0 <= meters.lag < 20


def test_each_is_described_and_each_description_is_true(office: Office) -> None:
    office.snapshot = Snapshot(PLAN, 1)
    office.meters.looked()
    office.meters.heard({"Event": "Hangup"})
    families = text_string_to_metric_families(office.metrics.text().decode())
    ours = {
        each.name + ("_total" if each.type == "counter" else "")
        for each in families
        if each.name.startswith("aiguillage_")
    }
    _, _, rest = DOCUMENT.read_text("utf-8").partition("## Metrics\n")
    rows = rest.partition("\n##")[0].splitlines()
    assert {row.split("`")[1].partition("{")[0] for row in rows if row.startswith("| `aiguillage_")} == ours


def test_a_desk_has_no_figures_of_an_asterisk_and_a_node_none_of_webhooks(office: Office) -> None:
    def names(*, node: bool, desk: bool) -> set[str]:
        link, listener, journalling = office.link, office.listener, office.journalling
        metrics = Metrics(
            Meters(),
            lambda: None,
            link if node else None,
            listener if node else None,
            journalling if node else None,
            office.delivering if desk else None,
            office.trunks if node else None,
            LiveCalls(elsewhere=not node),
        )
        return {family.name.removeprefix("aiguillage_") for family in metrics.collect()}

    both, node, desk = names(node=True, desk=True), names(node=True, desk=False), names(node=False, desk=True)
    assert desk == {"build_info", "webhook_deliveries", "event_loop_lag_seconds"}
    assert both - node == {"webhook_deliveries"}
    assert {"agi_exchanges", "ami_up", "trunk_up", "calls_active", "journal_backlog"} <= node
