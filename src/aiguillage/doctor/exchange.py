"""One real exchange with the running service, as Asterisk has it."""

import asyncio

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
