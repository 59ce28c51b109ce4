"""Three machines on one: two nodes with an Asterisk of their own each, a desk without one, and the database of all."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from aiguillage.desk.snapshot import is_published, published_plan
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.store import journal
from aiguillage.store.database import open_database
from aiguillage.store.journal import DecisionRecord
from tests.admin.asking import token_for
from tests.calls.system import START_SECONDS, STOP_SECONDS, System
from tests.databases import PostgreSQL
from tests.ports import free_port


@dataclass
class NodeSystem(System):
    """A node of several: `name` is its Asterisk's systemname too; what is published already is not published again."""

    name: str = ""
    url: str = ""

    def _settings(self) -> Settings:
        return super()._settings().model_copy(update={"role": "node", "node": self.name, "database_url": self.url})

    def _publish_example(self) -> Plan:
        return published_plan(self.database) if is_published(self.database) else super()._publish_example()

    def http(self, path: str) -> tuple[int, Any]:
        return ask(self.settings.http_port, path)

    def follows(self) -> int:
        """The version that its calls follow, 0 for none."""
        return self.http("/readyz")[1]["plan_version"] or 0


@dataclass
class Desk:
    """`aiguillage serve --role desk`, and an API token for everything."""

    url: str
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="aiguillage-desk-")))

    def __enter__(self) -> Self:
        self.port = free_port()
        self.environment = os.environ | {
            "AIGUILLAGE_DATABASE_URL": self.url,
            "AIGUILLAGE_STATE_DIR": str(self.home),
            "AIGUILLAGE_HTTP_PORT": str(self.port),
            "AIGUILLAGE_ENV_FILE": "",
        }
        with (self.home / "service.log").open("ab") as log:
            serve = [sys.executable, "-m", "aiguillage", "serve", "--role", "desk"]
            self._service = subprocess.Popen(serve, env=self.environment, cwd=self.home, stdout=log, stderr=log)
        until(self._is_up, START_SECONDS, self.log)
        database = open_database(self.url)
        self._token = token_for(database, datetime.now(UTC))
        database.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._service.terminate()
        try:
            self._service.wait(STOP_SECONDS)
        finally:
            self._service.kill()
            self._service.wait()
            shutil.rmtree(self.home, ignore_errors=True)

    def _is_up(self) -> bool:
        assert self._service.poll() is None, self.log()
        try:
            return ask(self.port, "/healthz")[0] == 200
        except URLError:
            return False

    def log(self) -> str:
        return (self.home / "service.log").read_text("utf-8", errors="replace")

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return ask(self.port, f"/api/v1/{path}", method, body, self._token)

    def health(self) -> Any:
        return ask(self.port, "/readyz")[1]

    def command(self, *words: str) -> str:
        """What `aiguillage` prints on the desk's machine. Fails where it does."""
        run = [sys.executable, "-m", "aiguillage", *words]
        done = subprocess.run(run, env=self.environment, cwd=self.home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


@dataclass(frozen=True)
class House:
    server: PostgreSQL
    north: NodeSystem
    south: NodeSystem
    desk: Desk

    @property
    def nodes(self) -> tuple[NodeSystem, NodeSystem]:
        return self.north, self.south

    def decisions_of(self, caller: str) -> list[DecisionRecord]:
        """All that the journal has, the newest first."""
        with self.north.database.reading() as session:
            return [each for each in journal.recent(session, 200) if each.caller == caller]

    def story(self, call: str) -> list[str]:
        """What the journal says has happened to a call."""
        with self.north.database.reading() as session:
            return [each.kind for each in journal.story(session, call)]


def ask(port: int, path: str, method: str = "GET", body: Any = None, token: str = "") -> tuple[int, Any]:
    """The status, and what JSON says; the bytes of anything else."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "If-Match": "*"}
    headers["Idempotency-Key"] = uuid.uuid4().hex
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{port}{path}", data, headers if token else {}, method=method)
    try:
        with urlopen(request, timeout=20) as answer:
            status, told = answer.status, answer.read()
    except HTTPError as refused:
        status, told = refused.code, refused.read()
    try:
        return status, json.loads(told)
    except ValueError:
        return status, told


def until(done: Any, seconds: float = 20.0, told: Any = lambda: "") -> float:
    """How many seconds it took until `done` was true."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, told()
        time.sleep(0.02)
    return time.monotonic() - began
