from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.admin.app import create_app
from aiguillage.desk.parts import Parts
from tests.admin.asking import Service, token_for
from tests.databases import migrated_sqlite


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    database = migrated_sqlite(tmp_path)
    yield Service(database)
    database.close()


@pytest.fixture(scope="session")
def app() -> FastAPI:
    """One for all tests, each of which brings its parts: making it takes longer than most of them."""
    return create_app(Parts(None, None, None))  # type: ignore[arg-type]  # replaced before anything is asked


@pytest.fixture
def anybody(app: FastAPI, service: Service) -> Iterator[TestClient]:
    """Somebody without a token."""
    app.state.parts = service.parts()
    with TestClient(app) as client:
        yield client


@pytest.fixture
def client(anybody: TestClient, service: Service) -> TestClient:
    """Somebody with a good token."""
    anybody.headers["authorization"] = f"Bearer {token_for(service.database, datetime.now(UTC))}"
    return anybody
