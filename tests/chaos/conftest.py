import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from aiguillage.simulator.telephones import Telephones
from tests.calls.days import OFFICE_HOURS
from tests.calls.system import System
from tests.required import asterisk_root

LONG = os.environ.get("CHAOS") == "long"
"""Set by `make chaos`; otherwise each story is told in short."""


Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """What was measured, for the summary at the end."""
    return lambda figures: record_property("figures", figures)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for name in ("passed", "failed") for each in terminalreporter.stats.get(name, ())]
    for report in reports if LONG else ():
        for name, value in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with System(asterisk_root()) as system:
        yield system


@pytest.fixture
async def phones(system: System) -> AsyncIterator[Telephones]:
    """All desk phones answer at once."""
    async with system.telephones() as telephones:
        await system.stage(telephones)
        for person in system.plan.people.values():
            for phone in person.phones.values():
                telephones.behave(phone.endpoint or phone.number or "", "answer" if phone.endpoint else "silent")
        yield telephones


@pytest.fixture(scope="session")
def office_hours() -> str:
    """A simulated wall clock of the next days at which the office is open, outside the rush hour."""
    return OFFICE_HOURS["X-Aiguillage-At"]
