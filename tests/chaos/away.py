"""A service that is asked over FastAGI as Asterisk asks it, and a database that can be taken away and given back."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pydantic import SecretStr

from aiguillage.asterisk.fastagi import exchange
from aiguillage.desk import accounts, editing, publishing
from aiguillage.desk.contacts import import_file
from aiguillage.errors import AiguillageError, Unavailable
from aiguillage.routing.document import dump
from aiguillage.settings import Settings
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import upgrade
from tests.ports import free_port
from tests.unit.examples import EXAMPLES, PLAN

CENTRAL = "+3271000001"
CALLERS = ("+32471000201", "+32471000202", "+32471000203", "+32499000000", "unknown")
START_SECONDS = 60.0
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Place:
    """Where a database is; the two ends of its absence."""

    url: str
    take_away: Callable[[], object]
    give_back: Callable[[], object]


def sqlite_place(folder: Path) -> Place:
    """As when a volume is not mounted: the file is gone, and its log is still there."""
    file, elsewhere = folder / "aiguillage.db", folder / "elsewhere.db"
    return Place(f"sqlite:///{file}", lambda: file.rename(elsewhere), lambda: elsewhere.rename(file))


@dataclass
class Switchboard:
    """`aiguillage serve` without an Asterisk, with the example plan published as version 1."""

    home: Path
    place: Place
    asked: int = 0
    token: str = ""
    _service: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self.settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
            state_dir=self.home / "state",
            database_url=self.place.url,
            http_port=free_port(),
            agi_port=free_port(),
            ami_port=free_port(),
            simulation=True,
            simulator_secret=SecretStr("of-the-stage"),
        )
        upgrade(self.place.url)
        self.database: Database = open_database(self.place.url)
        editing.apply(self.database, dump(PLAN))
        import_file(self.database, (EXAMPLES / "directory.csv").read_bytes())
        publishing.publish(self.database, datetime.now(UTC), "tests", "the example")
        self.token = accounts.create_token(self.database, accounts.NewToken("tests"), datetime.now(UTC))[1]
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._service is not None and self._service.poll() is None:
            self._service.kill()
            self._service.wait(10)
        self.database.close()

    # --- the service ---

    def start(self) -> None:
        given = {
            f"AIGUILLAGE_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in self.settings
            if value is not None
        }
        words = [sys.executable, "-m", "aiguillage", "serve"]
        with (self.home / "log").open("ab") as log:
            self._service = subprocess.Popen(words, env=os.environ | given, cwd=self.home, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._service.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _listens(self) -> bool:
        try:
            asyncio.run(self.ask(CALLERS[0]))
        except Unavailable as wrong:
            return "closed" in str(wrong)
        return True

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self._service is not None
        self._service.send_signal(how)
        self._service.wait(30)

    def log(self) -> str:
        return (self.home / "log").read_text("utf-8", errors="replace")

    # --- questions ---

    async def ask(self, caller: str) -> str:
        """The answer to a call in office hours, without the decision's number. Raises Unavailable."""
        self.asked += 1
        header = {
            "agi_channel": "PJSIP/operator-1",
            "agi_uniqueid": f"call-{self.asked}",
            "agi_callerid": caller,
            "agi_context": "from-trunk",
            **{f"agi_arg_{place}": each for place, each in enumerate((CENTRAL, "2026-11-24T10:00", ""), 1)},
        }
        return _ID.sub("*", await exchange("127.0.0.1", self.settings.agi_port, "inbound", header))

    async def ask_for(self, seconds: float, per_second: int = 10) -> list[tuple[str, str]]:
        """Caller and answer of each call; an answer that did not come is what was wrong."""

        async def one(caller: str, after: float) -> tuple[str, str]:
            await asyncio.sleep(after)
            try:
                return caller, await self.ask(caller)
            except AiguillageError as wrong:
                return caller, str(wrong)

        number = int(seconds * per_second)
        calls = (one(CALLERS[each % len(CALLERS)], each / per_second) for each in range(number))
        return list(await asyncio.gather(*calls))

    def http(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer."""
        request = Request(f"http://127.0.0.1:{self.settings.http_port}{path}", method=method)
        request.add_header("authorization", f"Bearer {self.token}")
        request.add_header("content-type", "application/json")
        try:
            with urlopen(request, json.dumps(body).encode() if body else None, timeout=60) as answer:
                return answer.status, json.load(answer)
        except HTTPError as wrong:
            return wrong.code, json.load(wrong)

    def health(self) -> dict[str, Any]:
        parts: dict[str, Any] = self.http("GET", "/readyz")[1]["parts"]
        return parts

    def add_contact(self, number: int) -> bool:
        """Whether it was acknowledged; every other answer must be a problem that says that the database is away."""
        body = {"name": f"Caller {number}", "numbers": [contact_number(number)]}
        status, told = self.http("POST", "/api/v1/contacts", body)
        assert status in {201, 503}, told
        assert status == 201 or told["type"] == "urn:aiguillage:problem:unavailable"
        return status == 201


def contact_number(number: int) -> str:
    return f"+3248{number:07}"
