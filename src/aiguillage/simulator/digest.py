"""The answer to a registrar's password challenge: HTTP digest with MD5 (RFC 3261, section 22; RFC 2617)."""

import re
from dataclasses import dataclass, field
from hashlib import md5

from aiguillage.errors import Refused

_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str = field(repr=False)


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
