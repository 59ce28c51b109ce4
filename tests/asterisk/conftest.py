from collections.abc import AsyncIterator, Iterator

import pytest

from aiguillage.simulator.telephones import Telephones
from tests.asterisk.private import Stage, stage
from tests.required import asterisk_root


@pytest.fixture(scope="package")
def staged() -> Iterator[Stage]:
    with stage(asterisk_root()) as running:
        yield running


@pytest.fixture
async def telephones(staged: Stage) -> AsyncIterator[Telephones]:
    """Started anew for every test, on the port that Asterisk's trunk knows."""
    async with Telephones(bind=staged.trunk, server=staged.sip) as started:
        yield started
