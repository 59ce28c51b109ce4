"""A whole system of its own for the call stories: database, Asterisk, service, each on private ports."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

from pydantic import SecretStr
from tests.ports import free_port

from aiguillage import text_formats
from aiguillage.asterisk.fastagi import exchange
from aiguillage.asterisk.process import PrivateAsterisk
from aiguillage.desk import editing, provisioning, publishing
from aiguillage.desk.contacts import import_file
from aiguillage.desk.snapshot import load_snapshot, published_plan
from aiguillage.doctor import HARMLESS
from aiguillage.errors import AiguillageError
from aiguillage.rehearsal import Stage
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.simulator.telephones import Telephones
from aiguillage.store import journal, migrate
from aiguillage.store.database import Database, open_database
from aiguillage.store.journal import DecisionRecord

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MORE = Path(__file__).with_name("more-plan.yaml")
START_SECONDS = 40.0
STOP_SECONDS = 20.0
JOURNAL_SECONDS = 5.0
FIRST_PORT, PORTS, WORKERS = 20_000, 400, 31
"""Of each worker's audio: below the ports that the system gives away, and enough for a hundred calls of two legs."""


def example_document(more: Path | None) -> dict[str, Any]:
    """The example's plan document, with that of `more` laid over it."""
    document: dict[str, Any] = text_formats.read_yaml((EXAMPLES / "plan.yaml").read_text("utf-8"))
    if more:
        added: dict[str, Any] = text_formats.read_yaml(more.read_text("utf-8"))
        for section in ("inbound_routes", "outbound_routes"):
            document[section] = added.pop(section) + document[section]
        for section, things in added.items():
            document[section] |= things
    return document


@dataclass
class System:
    """The example federation on a real Asterisk. `trunk` is where the simulated operator must be; `more` is the plan
    document that is laid over the example, None for the example as it stands."""

    root: Path
    more: Path | None = MORE
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="aiguillage-")))
    trunk: str = field(default_factory=lambda: f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}")

    other_trunks: dict[str, str] = field(
        default_factory=lambda: {name: f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}" for name in ("second", "third")}
    )

    def __enter__(self) -> Self:
        self.home.chmod(0o755)  # the ordinary user that Asterisk runs as must reach its folder
        self.settings = self._settings()
        migrate.upgrade(self.settings.url)
        self.database: Database = open_database(self.settings.url)
        self.plan: Plan = self._publish_example()
        self.asterisk = PrivateAsterisk(
            self.root, self.home / "asterisk", self.settings.prompts_dir, self.settings.node
        )
        self.asterisk.lay_out()
        known = load_snapshot(self.database)
        provisioning.provision(self.settings, self.database, known.plan, known.directory)
        self.asterisk.start()
        self.start_service()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as leaving:
            leaving.callback(shutil.rmtree, self.home, ignore_errors=True)
            leaving.callback(self.database.close)
            leaving.callback(self.asterisk.stop)
            leaving.callback(self.stop_service)

    def _settings(self) -> Settings:
        return Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
            state_dir=self.home,
            http_port=free_port(),
            agi_port=free_port(),
            ami_port=free_port(),
            ami_secret=SecretStr("between-the-two"),
            ami_system_secret=SecretStr("for-system-only"),
            asterisk_dir=self.home / "asterisk/etc",
            sip_port=free_port(socket.SOCK_DGRAM),
            rtp_first_port=FIRST_PORT + os.getpid() % WORKERS * PORTS,
            rtp_last_port=FIRST_PORT + os.getpid() % WORKERS * PORTS + PORTS - 1,
            simulation=True,
            simulator_secret=SecretStr("of-the-stage"),
            webhooks_may_reach="127.0.0.1/32",
            webhooks_http=True,
        )

    def _publish_example(self) -> Plan:
        document = example_document(self.more)
        for trunk, server in {"operator": self.trunk, **self.other_trunks}.items():
            if trunk in document["trunks"]:
                document["trunks"][trunk]["server"] = server
        editing.apply(self.database, document)
        import_file(self.database, (EXAMPLES / "directory.csv").read_bytes())
        publishing.publish(self.database, datetime.now(UTC), "tests", "the example")
        return published_plan(self.database)

    # --- the service, in a process of its own as operators run it ---

    def environment(self) -> dict[str, str]:
        """All settings, as the service and its commands read them."""
        return os.environ | {
            f"AIGUILLAGE_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in self.settings
            if value is not None
        }

    def start_service(self) -> None:
        with (self.home / "service.log").open("ab") as log:
            self._service = subprocess.Popen(
                [sys.executable, "-m", "aiguillage", "serve"],
                env=self.environment(),
                cwd=self.home,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._service.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the service did not start:\n" + self.service_log())
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            asyncio.run(exchange("127.0.0.1", self.settings.agi_port, "alive", HARMLESS))
        except AiguillageError:
            return False
        return True

    def command(self, *words: str) -> str:
        """What `aiguillage` prints. Fails where it does."""
        done = subprocess.run(
            [sys.executable, "-m", "aiguillage", *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop_service(self) -> None:
        self._service.terminate()
        try:
            self._service.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_service()
            raise

    def kill_service(self) -> None:
        """As a power cut does."""
        self._service.kill()
        self._service.wait(10)

    @property
    def service_pid(self) -> int:
        return self._service.pid

    @property
    def asterisk_pid(self) -> int:
        process = self.asterisk._process
        assert process is not None
        return process.pid

    def freeze_service(self) -> None:
        """Alive, listening, and mute."""
        self._service.send_signal(signal.SIGSTOP)

    def thaw_service(self) -> None:
        self._service.send_signal(signal.SIGCONT)

    def service_log(self) -> str:
        return (self.home / "service.log").read_text("utf-8", errors="replace")

    def wait_for_decisions(self, number: int, since: datetime) -> list[DecisionRecord]:
        """The newest decisions, once the journal has `number` of them that were taken since then."""
        deadline = time.monotonic() + JOURNAL_SECONDS
        while True:
            with self.database.reading() as session:
                found = [each for each in journal.recent(session, number * 2) if each.at >= since]
            if len(found) >= number:
                return found
            assert time.monotonic() < deadline, f"the journal has {len(found)} of {number} decisions"
            time.sleep(0.2)

    def readiness(self) -> dict[str, Any]:
        """The parts that /readyz tells of, well or not."""
        try:
            with urlopen(f"http://127.0.0.1:{self.settings.http_port}/readyz") as answer:
                body = answer.read()
        except HTTPError as unwell:
            body = unwell.read()
        parts: dict[str, Any] = json.loads(body)["parts"]
        return parts

    # --- the stage ---

    def telephones(self, trunk: str = "") -> Telephones:
        """Phones and the operator's lines; or, with its key, those of another trunk."""
        return Telephones(self.other_trunks[trunk] if trunk else self.trunk, f"127.0.0.1:{self.settings.sip_port}")

    async def stage(self, telephones: Telephones) -> Stage:
        """`telephones` with all desk phones registered."""
        site = provisioning.site(self.settings, self.database, self.plan)
        for endpoint, password in site.passwords.items():
            await telephones.register(endpoint, password)
        return Stage(telephones, self.database, self.plan, site.simulator_secret or "")

    def messages(self, box: str) -> list[Path]:
        """The recordings in a box, the newest last; `box` as the plan writes it."""
        context, _, person = box.rpartition(":")
        folder = self.home / "asterisk/spool/voicemail" / ("people" if context else "boxes") / person / "INBOX"
        return sorted(folder.glob("msg*.wav"))
