from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A shared machine is slow at times: what takes long is caught by pytest's time-out, not by an example's deadline.
settings.register_profile("aiguillage", deadline=None)
settings.load_profile("aiguillage")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command configures the logs of its process, to a stream that is closed once its test is over."""
    yield
    structlog.reset_defaults()
