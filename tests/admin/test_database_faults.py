"""While the database cannot be written, edits are problems that say so, and what can be read is read."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from aiguillage.desk import editing
from aiguillage.routing.document import dump
from tests.admin.asking import Service, problem
from tests.unit.examples import PLAN

CONTACT = {"name": "Oda Verhaeghen", "numbers": ["+32471000297"]}


def send_many(client: TestClient) -> Any:
    """More than there is room for in the pages that the file has."""
    lines = (f'Caller {each},"+3248{each:07}",,,,{"x" * 80}' for each in range(2000))
    headers = {"content-type": "text/csv", "if-match": "*"}
    content = "\n".join(["name,numbers,unit,category,language,note", *lines])
    return client.post("/api/v1/contacts/import", params={"dry_run": False}, content=content, headers=headers)


def test_a_full_disk_is_507_and_reading_goes_on(client: TestClient, service: Service) -> None:
    engine = service.database.engine
    editing.apply(service.database, dump(PLAN))

    def small(connection: object, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1").close()  # type: ignore[attr-defined]

    event.listen(engine, "connect", small)
    engine.dispose()
    told = problem(send_many(client), 507)
    assert told["type"] == "urn:aiguillage:problem:storage-full"
    assert "make room on its disk" in told["detail"]
    assert client.get("/api/v1/contacts").status_code == 200
    event.remove(engine, "connect", small)
    engine.dispose()
    assert send_many(client).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_damaged_database_is_503_with_what_to_do(client: TestClient, service: Service, method: str) -> None:
    service.database.damage = "SQLite test.db is damaged; put a backup in its place"
    answer = client.request(method, "/api/v1/contacts", json=CONTACT)
    assert "put a backup" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"] == "5"
