"""The federation of federation.py on a real Asterisk, with the service beside it in a process of its own.

The plan is federation.py's but for two things: the office never closes, so that figures do not depend on the hour; and
one regional permanent answers for every region, on one desk phone, which SIPp plays.
"""

import asyncio
import copy
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.calls.system import System

from aiguillage.desk import editing, provisioning, publishing
from aiguillage.desk.contacts import import_file, read_csv
from aiguillage.desk.snapshot import published_plan
from aiguillage.routing.directory import Contact
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.simulator.digest import Credentials
from aiguillage.simulator.registration import register
from aiguillage.simulator.sip_socket import Address, SipSocket
from bench import federation

PHONE = "regional-1"
ROUTED = "+3271000001"
"""The central number: [from-trunk] -> [inbound] -> the service -> [steps] -> Dial."""
STATIC = "+3271000009"
"""Rings the same phone, without asking anybody."""
ASKED = "+3271000008"
"""Does the same after a bare question, which the service answers without a thought: what asking costs by itself."""
_STATIC = f"""
[from-trunk](+)
exten = {STATIC},1,Dial(PJSIP/{PHONE},20,I)
exten = {ASKED},1,AGI(${{ROUTER}}/alive)
 same = n,Dial(PJSIP/{PHONE},20,I)
"""
QUIET_SECONDS = 60.0


@dataclass
class FederationSystem(System):
    more: Path | None = None

    def _settings(self) -> Settings:
        return super()._settings().model_copy(update={"rtp_first_port": 20000, "rtp_last_port": 29999})

    def _publish_example(self) -> Plan:
        editing.apply(self.database, document(self.trunk))
        import_file(self.database, federation.contacts_csv())
        publishing.publish(self.database, datetime.now(UTC), "bench", "the federation")
        return published_plan(self.database)

    def add_static_dialplan(self) -> None:
        """The numbers that the service has nothing, or next to nothing, to do with."""
        with (self.asterisk.etc / "extensions.conf").open("a", encoding="utf-8") as file:
            file.write(_STATIC)
        self.asterisk.console("dialplan reload")
        assert PHONE in self.asterisk.console(f"dialplan show {STATIC}@from-trunk")

    def leaders(self) -> list[Contact]:
        """Those of the directory whom the route to their region takes."""
        contacts = read_csv(federation.contacts_csv(), self.plan).contacts
        return [each for each in contacts if each.category in {"president", "animator"} and len(each.numbers) == 1]

    def register(self, port: int) -> None:
        """Calls for the desk phone come to `port` from now on."""
        asyncio.run(self._register(port))

    async def _register(self, port: int) -> None:
        password = provisioning.site(self.settings, self.database, self.plan).passwords[PHONE]
        sip = SipSocket(Address("127.0.0.1", port), _ignore, _ignore)
        try:
            await register(sip, Address("127.0.0.1", self.settings.sip_port), Credentials(PHONE, password))
        finally:
            sip.close()

    # --- processes ---

    @property
    def asterisk_pid(self) -> int:
        return int((self.home / "asterisk/run/asterisk.pid").read_text())

    @property
    def service_pid(self) -> int:
        return self._service.pid

    def wait_until_quiet(self) -> None:
        """Until the service has given Asterisk what it was started with, and has nothing more to do."""
        deadline = time.monotonic() + QUIET_SECONDS
        quiet = 0
        while quiet < 4:
            before = cpu_seconds(self.service_pid) + cpu_seconds(self.asterisk_pid)
            time.sleep(0.5)
            spent = cpu_seconds(self.service_pid) + cpu_seconds(self.asterisk_pid) - before
            quiet = quiet + 1 if spent < 0.05 else 0
            assert time.monotonic() < deadline, "the service does not come to rest"


def document(trunk: str) -> dict[str, Any]:
    """The plan."""
    plan = copy.deepcopy(federation.document())
    plan["trunks"] = {"operator": {"server": trunk}}
    for route in plan["outbound_routes"]:
        route["trunks"] = ["operator"]
    plan["schedules"]["office"] = {"open": [{"days": "mon-sun", "hours": "00:00-24:00"}]}
    for unit in plan["units"].values():
        for mandate in unit.get("mandates", ()):
            mandate["person"] = PHONE
    return plan


def cpu_seconds(pid: int) -> float:
    """Of all threads, those that have ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _ignore(*_: object) -> None:
    """What else is said to the port meanwhile."""
