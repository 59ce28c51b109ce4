"""Told by `make compose-test` alone: these stories need a Docker engine, and minutes."""

import os
from collections.abc import Callable

import pytest

collect_ignore_glob = [] if os.environ.get("COMPOSE_TEST") else ["test_*.py"]

Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """What was measured, for the summary at the end."""
    return lambda figures: record_property("figures", figures)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for name in ("passed", "failed") for each in terminalreporter.stats.get(name, ())]
    for report in reports:
        for name, value in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")
