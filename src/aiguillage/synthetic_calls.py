"""The service calls Asterisk itself, over SIP as a telephone does: one that runs, but takes no calls, is found.

Every 15 seconds a telephone of its own (provisioning/files.py) dials the one extension that it can reach; the dialplan
answers and hangs up. That takes SIP, passwords, dialplan and sound, and neither the manager interface nor the router.
"""

import asyncio
import contextlib
import time
from ipaddress import AddressValueError, IPv4Address

import structlog

from aiguillage.asterisk.provisioning.site import SYNTHETIC, SYNTHETIC_EXTENSION
from aiguillage.desk.parts import Health
from aiguillage.desk.provisioning import synthetic_secret
from aiguillage.errors import Refused, Unavailable
from aiguillage.settings import Settings
from aiguillage.simulator.caller_leg import Caller, CallerLeg
from aiguillage.simulator.digest import Credentials
from aiguillage.simulator.sip_message import Message
from aiguillage.simulator.sip_socket import Address, SipSocket

log = structlog.get_logger()

EVERY = 15.0
"""Seconds between two calls; with PATIENCE it makes the time after which a deaf Asterisk is told, at most."""
AGAIN = 3.0
"""After one that failed."""
PATIENCE = 8.0
"""Seconds that one call may take from INVITE to BYE; a lost packet is said again within."""
_PARTING = 1.0
ANSWERED = 200


class SyntheticCalls:
    """`health` is that of the last call, and `seconds` what it took; None where it failed, or none was placed yet."""

    def __init__(self, settings: Settings) -> None:
        self._secret = synthetic_secret(settings)
        self._server = _reached_at(settings)
        self._from = settings.agi_host if settings.asterisk_is_elsewhere else ""
        self._soon = asyncio.Event()
        self.seconds: float | None = None
        self.health = Health(ok=True, reason="no test call was placed yet")
        if settings.asterisk_dir is None or self._server is None:
            lacking = "AIGUILLAGE_SIP_HOST is no IPv4 address" if settings.asterisk_dir else "no files are written"
            self._server, self.health = None, Health(ok=True, reason=f"no test calls are placed: {lacking}")

    def soon(self) -> None:
        """Asterisk has been given its files: call now."""
        self._soon.set()

    async def run(self) -> None:
        """For ever. Asterisk has some time to be given its files before the first call."""
        server, pause = self._server, EVERY
        while server is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._soon.wait()
            self._soon.clear()
            self._note(await self._call(server))
            pause = EVERY if self.health.ok else AGAIN

    def _note(self, health: Health) -> None:
        if self.health.ok and not health.ok:
            log.error("asterisk_takes_no_calls", reason=health.reason)
        elif health.ok and not self.health.ok:
            log.info("asterisk_takes_calls", reason=health.reason)
        self.health = health

    async def _call(self, server: Address) -> Health:
        began, self.seconds = time.monotonic(), None
        try:
            async with asyncio.timeout(PATIENCE):
                status = await one_call(server, self._secret, self._from)
        except TimeoutError:
            return Health(ok=False, reason=f"Asterisk at {server} took a test call and did not come to its end")
        except (Refused, Unavailable, ValueError) as wrong:
            return Health(ok=False, reason=f"no test call comes through: {wrong}")
        if status != ANSWERED:
            return Health(ok=False, reason=_refusal(status, server))
        self.seconds = time.monotonic() - began
        return Health(ok=True, reason=f"Asterisk at {server} answered a test call, in {1000 * self.seconds:.0f} ms")


def _refusal(status: int | None, server: Address) -> str:
    older = "it has older files; see provisioning"
    lacking = "its dialplan lacks [from-synthetic]; copy asterisk-conf/extensions.conf over yours, and reload it"
    remedy = {401: older, 403: older, 404: lacking}.get(status or 0, "see its log")
    return f"Asterisk at {server} refused a test call ({status}): {remedy}"


async def one_call(server: Address, secret: str, sender: str = "") -> int | None:
    """The SIP status of one call, once it is over; `sender` is the address to call from, empty: the server's own.

    Raises Refused, Unavailable.
    """
    legs: list[CallerLeg] = []

    def take(request: Message, _: Address) -> None:
        for leg in legs:
            leg.take(request)

    sip = SipSocket(Address(sender or server.host, 0), take, lambda message: None)
    try:
        caller = Caller(SYNTHETIC, account=Credentials(SYNTHETIC, secret))
        leg = CallerLeg(sip, server, caller, SYNTHETIC_EXTENSION, talk=False)
        legs.append(leg)
        try:
            await leg.place({})
            await leg.wait_answered(PATIENCE)
            await leg.wait_ended(PATIENCE)
        finally:
            with contextlib.suppress(TimeoutError, Refused, Unavailable, ValueError):
                async with asyncio.timeout(_PARTING):
                    await leg.close()
        return leg.status
    finally:
        sip.close()


def _reached_at(settings: Settings) -> Address | None:
    """Where Asterisk listens on all its addresses, at the one of its manager interface. None for a name."""
    try:
        host = IPv4Address(settings.sip_host)
        if host.is_unspecified:
            host = IPv4Address(settings.ami_host if settings.asterisk_is_elsewhere else "127.0.0.1")
    except AddressValueError:
        return None
    return Address(str(host), settings.sip_port)
