"""The answer to a password challenge: HTTP digest with MD5 (RFC 3261, section 22; RFC 2617)."""

import re
import secrets
from dataclasses import dataclass, field
from hashlib import md5

from aiguillage.errors import Refused
from aiguillage.simulator.sip_message import Message

CHALLENGES = frozenset({401, 407})
"""The statuses that ask for a password: of the server itself, and of a proxy."""

_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str = field(repr=False)


def authorization(request: Message, challenged: Message, credentials: Credentials) -> tuple[str, str]:
    """The header that `request` lacked, when `challenged` (401 or 407) answered it. It serves another try of it.

    Raises Refused for a challenge of another kind than ours.
    """
    asked, given = (
        ("WWW-Authenticate", "Authorization")
        if challenged.status == 401
        else ("Proxy-Authenticate", "Proxy-Authorization")
    )
    challenge, cnonce = challenged.header(asked), secrets.token_hex(8)
    return given, answer_challenge(challenge, request.method, request.uri, credentials, cnonce)


def answer_challenge(challenge: str, method: str, uri: str, credentials: Credentials, cnonce: str) -> str:
    """The Authorization header's value for a WWW-Authenticate value.

    `cnonce` is any text that was not used before. Raises Refused for a challenge of another kind.
    """
    asked = {name: quoted or plain for name, quoted, plain in _PARAMETER.findall(challenge)}
    offered = asked.get("qop", "").split(",")
    if not challenge.startswith("Digest ") or asked.get("algorithm", "MD5") != "MD5" or "auth" not in offered:
        raise Refused(f"challenge {challenge!r} is no MD5 digest with qop=auth, the only kind the simulator answers")
    secret = _hash(f"{credentials.user}:{asked['realm']}:{credentials.password}")
    request = _hash(f"{method}:{uri}")
    response = _hash(f"{secret}:{asked['nonce']}:00000001:{cnonce}:auth:{request}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return (
        f'Digest username="{credentials.user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{cnonce}"{opaque}'
    )


def _hash(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
