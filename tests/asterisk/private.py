"""A real Asterisk with our hand-written configuration and the example federation's files, on ports of its own.

Nothing answers its questions unless a test starts a listener on `agi_port`.
"""

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from aiguillage.asterisk.process import PrivateAsterisk
from aiguillage.asterisk.provisioning.files import generated
from aiguillage.asterisk.provisioning.site import Site
from aiguillage.asterisk.provisioning.write import write
from aiguillage.routing.decide import last_resort
from aiguillage.routing.mailboxes import mailboxes
from aiguillage.routing.plan import Plan
from tests.ports import free_port
from tests.unit.examples import PLAN

AMI_USER, AMI_SECRET = "aiguillage", "not-a-secret"
SYSTEM_USER, SYSTEM_SECRET = "aiguillage-system", "not-a-secret-at-all"
PIN = "246810"
SIMULATOR = {"X-Aiguillage-Simulator": "not-a-secret-either"}
"""The header by which a call is known as simulated."""


@dataclass(frozen=True, slots=True)
class Stage:
    asterisk: PrivateAsterisk
    site: Site
    plan: Plan
    agi_port: int
    trunk: str
    """Where the simulated operator listens, `127.0.0.1:port`."""

    @property
    def sip(self) -> str:
        return f"{self.site.sip_host}:{self.site.sip_port}"

    def publish(self, plan: Plan) -> list[str]:
        """Write the plan's files; the modules to be read again."""
        return write(files_of(plan, self.site), self.asterisk.etc / "generated").modules

    def channels(self) -> int:
        """How many there are at this moment."""
        first, *_ = self.asterisk.console("core show channels count").split()
        return int(first)


def example_plan(trunk: str) -> Plan:
    """The example federation, its operator at `trunk` with as many channels as one likes."""
    trunks = {key: replace(each, server=trunk, channels=None) for key, each in PLAN.trunks.items()}
    return replace(PLAN, trunks=trunks)


def example_site(home: Path, agi_port: int) -> Site:
    endpoints = [
        phone.endpoint for person in PLAN.people.values() for phone in person.phones.values() if phone.endpoint
    ]
    sip_port = free_port(socket.SOCK_DGRAM)
    first = 10_000 + sip_port // 2 * 2 % 40_000
    return Site(
        sip_host="127.0.0.1",
        sip_port=sip_port,
        rtp_ports=(first, first + 200),
        agi=f"agi://127.0.0.1:{agi_port}",
        ami_port=free_port(),
        ami_user=AMI_USER,
        ami_secret=AMI_SECRET,
        ami_system_user=SYSTEM_USER,
        ami_system_secret=SYSTEM_SECRET,
        prompts=home / "prompts",
        passwords={endpoint: f"not-a-secret-{endpoint}" for endpoint in endpoints},
        pins=dict.fromkeys(mailboxes(PLAN), PIN),
        simulator_secret=SIMULATOR["X-Aiguillage-Simulator"],
    )


def files_of(plan: Plan, site: Site) -> Mapping[str, str]:
    return generated(plan, site, last_resort(plan, datetime(2026, 11, 24, 9, 0, tzinfo=UTC)))


@contextmanager
def a_home() -> Iterator[Path]:
    """A folder that the ordinary user reaches, too; gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="aiguillage-test-"))
    try:
        yield home
    finally:
        shutil.rmtree(home)


@contextmanager
def stage(root: Path) -> Iterator[Stage]:
    """Started, and stopped at the end."""
    with a_home() as home:
        agi_port, trunk = free_port(), f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
        site, plan = example_site(home, agi_port), example_plan(trunk)
        asterisk = PrivateAsterisk(root, home)
        asterisk.lay_out()
        running = Stage(asterisk, site, plan, agi_port, trunk)
        running.publish(plan)
        with asterisk:
            yield running
