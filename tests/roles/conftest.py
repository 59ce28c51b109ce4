import sys
from collections.abc import Iterator

import pytest

from tests.databases import PostgreSQL, running_postgresql
from tests.required import asterisk_root
from tests.roles.house import Desk, House, NodeSystem, until


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def house(server: PostgreSQL) -> Iterator[House]:
    url = server.create("house")
    with NodeSystem(asterisk_root(), name="north", url=url) as north:
        trunks = north.trunk, north.other_trunks
        south = NodeSystem(asterisk_root(), trunk=trunks[0], other_trunks=trunks[1], name="south", url=url)
        with south, Desk(url) as desk:
            house = House(server, north, south, desk)
            until(lambda: "south follows" in house.desk.health()["parts"]["nodes"]["reason"], 30, desk.log)
            yield house


@pytest.fixture(autouse=True)
def the_logs_of_a_failure(house: House) -> Iterator[None]:
    """What the services logged meanwhile is printed, and pytest shows it where the story failed."""
    logs = (house.north.service_log, house.south.service_log, house.desk.log)
    before = [len(log()) for log in logs]
    yield
    for log, length in zip(logs, before, strict=True):
        sys.stdout.write(f"---\n{log()[length:][-6000:]}")
