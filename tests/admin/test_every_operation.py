"""Every operation of the description, tried with thousands of requests that fit it and that do not."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from aiguillage.admin.app import description
from aiguillage.desk import contacts, editing, publishing
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.routing.document import dump
from aiguillage.settings import Settings
from tests.admin.asking import Service, token_for
from tests.ports import free_port
from tests.unit.examples import EXAMPLES, PLAN

CONFIG = Path(__file__).parent / "every-check.toml"
LEFT_OUT = "deleteToken"
"""It would take our own token away from us; test_access.py tries it."""


@pytest.fixture
def address(app: FastAPI, service: Service, tmp_path: Path) -> Iterator[str]:
    """The API over HTTP, with the example federation."""
    editing.apply(service.database, dump(PLAN))
    contacts.import_file(service.database, (EXAMPLES / "directory.csv").read_bytes())
    publishing.publish(service.database, datetime.now(UTC), "tests", "")
    service.snapshot = load_snapshot(service.database)
    settings = Settings(ami_port=1, voicemail_dir=tmp_path / "spool", _env_file=None)  # type: ignore[call-arg]
    app.state.parts = replace(service.parts(), settings=settings)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    serving.join()


@pytest.mark.timeout(900)
def test_every_operation_does_what_its_description_says(address: str, service: Service) -> None:
    """All checks of schemathesis: no 5xx but the 503 that is described, no answer that is not, nothing accepted that
    the description forbids, no method, header or token that is not needed."""
    token = token_for(service.database, datetime.now(UTC))
    words = ("run", f"{address}/api/openapi.json", "--checks", "all", "--continue-on-failure", "--no-color")
    authorization = ("--header", f"Authorization: Bearer {token}", "--exclude-operation-id", LEFT_OUT)
    command = (sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), *words, *authorization)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = done.stdout[-6000:]
    assert done.returncode == 0, told
    operations = sum(len(methods) for methods in description()["paths"].values())
    assert re.search(rf"Tested: {operations - 1}$", told, re.MULTILINE), told
    cases = re.search(r"([0-9]+) generated", told)
    assert cases is not None
    assert int(cases[1]) > 5000
    still = httpx2.get(f"{address}/api/v1/session", headers={"authorization": f"Bearer {token}"})
    assert still.status_code == 200, "the token was lost on the way: nothing after that was tried"
