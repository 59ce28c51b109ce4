"""Whether calls follow what was published: the running service is asked, until it does."""

import json
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from aiguillage.settings import Settings

PATIENCE_SECONDS = 30.0
"""Announcements are spoken and Asterisk reads its files again before calls follow a new version."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where a service listens that listens everywhere


def until_followed(settings: Settings, version: int, patience: float = PATIENCE_SECONDS) -> tuple[bool, str]:
    """Wait until calls follow `version`; whether nothing is wrong, and what to tell. A service may be stopped."""
    host = _EVERYWHERE.get(settings.http_host, settings.http_host)
    deadline = time.monotonic() + patience
    while True:
        found = _readiness(host, settings.http_port)
        if found is None:
            place = f"{host}:{settings.http_port}"
            return True, f"no service answers at http://{place}; calls follow it once the service runs"
        follows = found["plan_version"] or 0
        if follows >= version:
            return True, "calls follow it from now on"
        if found["refused_version"] == version:
            parts = found["parts"]
            reason = (parts.get("nodes") or parts["provisioning"])["reason"]
            return False, f"Asterisk did not take it, and calls still follow version {follows}: {reason}"
        if time.monotonic() > deadline:
            told = f"after {patience:.0f} s calls still follow version {follows}"
            nodes = found["parts"].get("nodes", {"reason": "look at: aiguillage doctor"})
            return False, f"{told}; {nodes['reason']}"
        time.sleep(0.1)


def _readiness(host: str, port: int) -> dict[str, Any] | None:
    with closing(HTTPConnection(host, port, timeout=10)) as connection:
        try:
            connection.request("GET", "/readyz")  # 503 says how every part is, too
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError):
            return None
    return found if {"plan_version", "refused_version"} <= found.keys() else None
