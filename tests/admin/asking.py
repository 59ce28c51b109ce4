"""What a test of the API asks with, and how it reads the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient

from aiguillage.desk.calling import Calls, NoCalls
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
        return Parts(self.database, lambda: self.snapshot, lambda: self.health, calls=self.calls)


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
