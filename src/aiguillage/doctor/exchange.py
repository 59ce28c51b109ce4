"""One real exchange with the running service, as Asterisk has it; with a desk, as people have it."""

import asyncio
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from aiguillage.asterisk.fastagi import exchange
from aiguillage.doctor.finding import Finding, bad, well
from aiguillage.errors import AiguillageError
from aiguillage.settings import Settings

HARMLESS = {
    "agi_channel": "doctor",
    "agi_uniqueid": "doctor",
    "agi_callerid": "unknown",
    "agi_context": "doctor",
}
"""The header of a question that is no call; its script decides nothing."""


def agi_exchange(settings: Settings) -> Finding:
    """Whether the service answers a question; known within two seconds."""
    place = f"{settings.agi_host}:{settings.agi_port}"
    try:
        asyncio.run(exchange(settings.agi_host, settings.agi_port, "alive", HARMLESS))
    except AiguillageError as wrong:
        return bad(str(wrong), "start it: aiguillage serve; where it runs, its log says what it lacks")
    return well(f"answers Asterisk's questions on {place}")


def answers(settings: Settings) -> Finding:
    """Whether the service answers whoever this role of it is for; known within two seconds."""
    return _http_exchange(settings) if settings.role == "desk" else agi_exchange(settings)


def _http_exchange(settings: Settings) -> Finding:
    place = settings.http_url.removeprefix("http://")
    with closing(HTTPConnection(place, timeout=2)) as connection:
        try:
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
        except (OSError, HTTPException) as wrong:
            remedy = "start it: aiguillage serve --role desk; where it runs, its log says what it lacks"
            return bad(f"nobody answers at http://{place}: {wrong}", remedy)
    if status != HTTPStatus.OK:
        told = f"http://{place}/healthz answers {status:d}"
        return bad(told, "see what listens there, or correct AIGUILLAGE_HTTP_PORT")
    return well(f"answers on http://{place}")
