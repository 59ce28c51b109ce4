"""`aiguillage doctor`: every part that a call needs, each with what is right or what to do."""

import asyncio
import os
import shutil
import socket
from collections.abc import Callable, Mapping

from aiguillage import logs
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.fastagi import exchange
from aiguillage.desk.parts import Health
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.errors import AiguillageError
from aiguillage.settings import Settings
from aiguillage.store.database import open_database
from aiguillage.store.migrate import schema_state

HARMLESS = {
    "agi_channel": "doctor",
    "agi_uniqueid": "doctor",
    "agi_callerid": "unknown",
    "agi_context": "doctor",
}
"""The header of a question that is no call; its script decides nothing."""


def examine(settings: Settings) -> Mapping[str, Health]:
    """What is found, by part. Never raises."""
    logs.quiet()
    checks: Mapping[str, Callable[[Settings], Health]] = {
        "database": _database,
        "plan": _plan,
        "service": agi_exchange,
        "asterisk": _asterisk,
        "sip": _sip,
        "synthesiser": _synthesiser,
        "generated files": _generated_files,
    }
    return {name: check(settings) for name, check in checks.items()}


def agi_exchange(settings: Settings) -> Health:
    """One real AGI exchange with the running service."""
    place = f"{settings.agi_host}:{settings.agi_port}"
    try:
        asyncio.run(exchange(settings.agi_host, settings.agi_port, "alive", HARMLESS))
    except AiguillageError as wrong:
        return Health(ok=False, reason=f"{wrong}; start it: aiguillage serve")
    return Health(ok=True, reason=f"answers Asterisk's questions on {place}")


def _database(settings: Settings) -> Health:
    database = open_database(settings.url)
    try:
        state = schema_state(database)
        return Health(state.reachable and state.current, state.reason)
    finally:
        database.close()


def _plan(settings: Settings) -> Health:
    database = open_database(settings.url)
    try:
        snapshot = load_snapshot(database)
    except AiguillageError as wrong:
        return Health(ok=False, reason=str(wrong))
    finally:
        database.close()
    known = len(snapshot.directory.by_number)
    return Health(ok=True, reason=f"version {snapshot.plan_version} is published; {known:,} numbers are known")


def _asterisk(settings: Settings) -> Health:
    async def log_in() -> Health:
        async def nothing() -> None:
            return

        link = ManagerLink(
            host=settings.ami_host,
            port=settings.ami_port,
            user=settings.ami_user,
            secret=settings.ami_secret.get_secret_value(),
            on_up=nothing,
        )
        await link.start()
        try:
            await link.settled(6)
            return Health(link.state == "up", link.reason)
        finally:
            await link.close()

    return asyncio.run(log_in())


def _sip(settings: Settings) -> Health:
    """Asterisk holds the SIP port, so it must be taken: where Asterisk has this machine's network."""
    place = f"{settings.sip_host}:{settings.sip_port}/udp"
    if settings.ami_host not in {"127.0.0.1", "localhost"}:
        return Health(ok=True, reason=f"not looked at from here: Asterisk is at {settings.ami_host}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((settings.sip_host, settings.sip_port))
        except PermissionError as wrong:
            return Health(ok=False, reason=f"{place}: {wrong.strerror}; choose AIGUILLAGE_SIP_PORT above 1023")
        except OSError:
            return Health(ok=True, reason=f"{place} is in use, as it should be")
    return Health(ok=False, reason=f"nobody listens on {place}; is Asterisk running, and AIGUILLAGE_SIP_PORT right?")


def _synthesiser(settings: Settings) -> Health:
    missing = [name for name in ("espeak-ng", "sox") if shutil.which(name) is None]
    if missing:
        return Health(ok=False, reason=f"{' and '.join(missing)} missing; apt-get install {' '.join(missing)}")
    return Health(ok=True, reason="espeak-ng and sox are there")


def _generated_files(settings: Settings) -> Health:
    if settings.asterisk_dir is None:
        return Health(ok=True, reason="none are written: AIGUILLAGE_ASTERISK_DIR is not set")
    folder = settings.asterisk_dir / "generated"
    if not os.access(folder, os.W_OK):
        return Health(ok=False, reason=f"{folder} cannot be written by this user; mend its owner or mode")
    return Health(ok=True, reason=f"{folder} can be written")
