"""How a simulated phone makes itself known to Asterisk (RFC 3261, sections 10 and 22)."""

import secrets

from aiguillage.errors import Refused
from aiguillage.simulator.digest import Credentials, authorization
from aiguillage.simulator.sip_message import Message, new_branch, new_tag
from aiguillage.simulator.sip_socket import Address, SipSocket

REGISTERED_SECONDS = 7200
"""As long as Asterisk allows by default; nothing renews it, no story and no first call lasts that long."""


async def register(
    sip: SipSocket, server: Address, credentials: Credentials, seconds: int = REGISTERED_SECONDS
) -> None:
    """Calls for the endpoint `credentials.user` come to `sip` from now on; `seconds` 0 ends that.

    Raises Refused where the endpoint or its password is wrong, Unavailable where nobody answers at `server`.
    """
    endpoint, uri = credentials.user, f"sip:{server}"
    call_id, tag = secrets.token_hex(12), new_tag()

    def request(number: int, *extra: tuple[str, str]) -> Message:
        headers = (
            sip.via(new_branch()),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{endpoint}@{server}>;tag={tag}"),
            ("To", f"<sip:{endpoint}@{server}>"),
            ("Call-ID", call_id),
            ("CSeq", f"{number} REGISTER"),
            ("Contact", f"<sip:{endpoint}@{sip.address}>"),
            ("Expires", str(seconds)),
            *extra,
        )
        return Message(f"REGISTER {uri} SIP/2.0", headers)

    first = request(1)
    answer = await sip.ask(first, server)
    if answer.status == 401:
        answer = await sip.ask(request(2, authorization(first, answer, credentials)), server)
    if answer.status == 401:
        raise Refused(f"phone {endpoint!r}: {server} refuses its password (401); see its auth section in pjsip.conf")
    if answer.status != 200:
        raise Refused(
            f"phone {endpoint!r}: {server} refuses to register it ({answer.first_line.removeprefix('SIP/2.0 ')}); "
            f"is there an endpoint and an aor of that name in pjsip.conf?"
        )
