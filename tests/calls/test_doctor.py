"""The doctor and Prometheus at a service that runs beside a real Asterisk."""

import json
import time
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families
from tests.admin.asking import token_for
from tests.calls.system import System

QUICK = 10.0
"""Seconds, on a machine that is busy with everything else; the exchange itself may take two."""


def figures(system: System) -> dict[tuple[str, str], float]:
    """(name, values of its labels) -> figure, as Prometheus reads it."""
    token = token_for(system.database, datetime.now(UTC), timedelta(minutes=5), "metrics:read")
    url = f"http://127.0.0.1:{system.settings.http_port}/metrics"
    with urlopen(Request(url, headers={"authorization": f"Bearer {token}"})) as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=")
        families = text_string_to_metric_families(answer.read().decode())
        return {(each.name, ",".join(each.labels.values())): each.value for one in families for each in one.samples}


def test_the_doctor_finds_nothing_where_all_is_well(system: System) -> None:
    parts = json.loads(system.command("doctor", "--json"))["parts"]
    assert {name: part for name, part in parts.items() if not part["ok"]} == {}
    assert "Asterisk 22" in parts["asterisk version"]["reason"]
    assert "clock and ours agree" in parts["asterisk clock"]["reason"]
    assert "fr" in parts["asterisk sounds"]["reason"]
    assert parts["certificates"]["reason"] == "none is used"


def test_a_health_check_is_one_quick_exchange(system: System) -> None:
    before = figures(system)["aiguillage_route_decision_seconds_count", "alive"]
    began = time.monotonic()
    assert "answers Asterisk's questions" in system.command("healthcheck")
    assert time.monotonic() - began < QUICK
    assert figures(system)["aiguillage_route_decision_seconds_count", "alive"] == before + 1


def test_prometheus_reads_a_running_service(system: System) -> None:
    found = figures(system)
    assert found["aiguillage_ami_up", ""] == 1
    assert found["aiguillage_plan_version", ""] >= 1
    assert found["aiguillage_snapshot_age_seconds", ""] < 60
    assert found["process_open_fds", ""] > 0
    assert ("aiguillage_queue_callers_waiting", next(iter(system.plan.queues))) in found
