"""What a test of the API asks with, and how it reads the answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient

from aiguillage.desk import accounts
from aiguillage.desk.calling import Calls, NoCalls
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.parts import Health, Parts
from aiguillage.desk.snapshot import Snapshot
from aiguillage.store.database import Database

JSON = {"content-type": "application/json"}


@dataclass
class Service:
    """The running service, as the API sees it."""

    database: Database
    snapshot: Snapshot | None = None
    health: dict[str, Health] = field(default_factory=lambda: {"database": Health(ok=True, reason="fine")})

    calls: Calls = field(default_factory=NoCalls)

    def parts(self) -> Parts:
        stopping = LiveCalls(closed=True)  # a stream of calls would go on for ever
        return Parts(self.database, lambda: self.snapshot, lambda: self.health, live=stopping, calls=self.calls)


def token_for(database: Database, now: datetime, lifetime: timedelta | None = None, *scopes: str) -> str:
    """A bearer token, of the service's own: for everything, or for some scopes."""
    new = accounts.NewToken("claire", scopes or None, lifetime)
    return accounts.create_token(database, new, now)[1]


def problem(response: Any, status: int) -> Mapping[str, Any]:
    """The problem that a response tells; it is one, of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told: Mapping[str, Any] = response.json()
    assert set(told) == {"type", "title", "status", "detail", "request_id", "errors"}
    assert told["type"].startswith("urn:aiguillage:problem:")
    assert response.headers["x-request-id"] == told["request_id"]
    assert told["status"] == status
    assert told["detail"]
    return told


def operations(client: TestClient) -> list[tuple[str, str]]:
    """Every method and path under /api that the API says it has."""
    paths = client.get("/api/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods if path.startswith("/api")]


def path_of(path: str) -> str:
    """A path of the description with its places filled in."""
    values = {"id": "1", "number": "1", "key": "claire", "name": "marie", "person": "claire", "call": "1"}
    return re.sub(r"\{(\w+)\}", lambda place: values[place[1]], path)
