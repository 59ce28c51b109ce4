"""SIP messages as frozen values (RFC 3261, sections 7 and 8): read, written, answered. No I/O."""

import re
import secrets
from dataclasses import dataclass
from urllib.parse import quote, unquote

from aiguillage.errors import Refused

REASONS = {
    200: "OK",
    180: "Ringing",
    405: "Method Not Allowed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    603: "Decline",
}
ALLOWED_METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE, REFER"

_PARTY = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<"]*?))\s*'
    r"<(?P<uri>sips?:(?:(?P<user>[^@>]*)@)?[^>]+)>(?P<parameters>.*)"
)
_TAG = re.compile(r";\s*tag=([^;\s]+)")
_BRANCH = re.compile(r";\s*branch=([^;,\s]+)")


@dataclass(frozen=True, slots=True)
class Party:
    """Who a From, To or Contact header names. `user` is percent-decoded."""

    name: str
    user: str
    uri: str
    tag: str


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response; headers keep their order and spelling."""

    first_line: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def header(self, name: str) -> str:
        """The first header of that name, in any case of letters; empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def status(self) -> int:
        """A response's code; 0 for a request."""
        return int(self.first_line.split()[1]) if self.first_line.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The request's method; a response's is that of the request which it answers."""
        return self.header("CSeq").split()[1]

    @property
    def number(self) -> int:
        """The CSeq number."""
        return int(self.header("CSeq").split()[0])

    @property
    def uri(self) -> str:
        """A request's target."""
        return self.first_line.split()[1]

    @property
    def call_id(self) -> str:
        return self.header("Call-ID")

    @property
    def branch(self) -> str:
        """The transaction's key: the branch of the topmost Via."""
        found = _BRANCH.search(self.header("Via"))
        return found[1] if found else ""

    def __bytes__(self) -> bytes:
        body = self.body.encode()
        lines = [self.first_line, *(f"{name}: {value}" for name, value in self.headers)]
        for line in lines:
            if any(character < " " and character != "\t" for character in line):
                raise Refused(f"SIP line {line!r} holds a control character; take it out")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def parse_message(packet: bytes) -> Message:
    """The message in one datagram. Raises ValueError for anything that is not SIP."""
    head, separator, body = packet.decode(errors="replace").partition("\r\n\r\n")
    first_line, *lines = head.split("\r\n")
    pairs = [line.partition(":") for line in lines]
    message = Message(first_line, tuple((name.strip(), value.strip()) for name, _, value in pairs), body)
    if not separator or "SIP/2.0" not in first_line or len(first_line.split(" ", 2)) != 3:
        raise ValueError(f"{first_line!r} does not begin a SIP message")
    if not (message.call_id and message.branch and re.fullmatch(r"[0-9]+ +[A-Z]+", message.header("CSeq"))):
        raise ValueError(f"{first_line!r} lacks Call-ID, CSeq or the branch of its Via")
    return message


def parse_party(value: str) -> Party:
    """Who `"Name" <sip:user@host>;tag=x` is. Raises ValueError for what has no SIP address in <>."""
    found = _PARTY.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} has no SIP address in <>")
    name = re.sub(r"\\(.)", r"\1", found["quoted"]) if found["quoted"] else found["plain"] or ""
    tag = _TAG.search(found["parameters"])
    return Party(name, unquote(found["user"] or ""), found["uri"], tag[1] if tag else "")


def sip_uri(user: str, host: object) -> str:
    """`sip:user@host`; all but letters, digits, `+`, `*` and `_.-~` of the user travels percent-encoded."""
    return f"sip:{quote(user, safe='+*')}@{host}"


def called_user(request: Message) -> str:
    """The percent-decoded user of a request's target: `sip:+32470000101@host` -> `+32470000101`."""
    return parse_party(f"<{request.uri}>").user.partition(";")[0]


def respond(request: Message, status: int, tag: str, *extra: tuple[str, str], body: str = "") -> Message:
    """The response to `request`; `tag` names our side of the dialog (RFC 3261, section 8.2.6)."""
    copied = [
        (name, value) for name, value in request.headers if name.lower() in {"via", "from", "to", "call-id", "cseq"}
    ]
    headers = [
        (name, f"{value};tag={tag}" if name.lower() == "to" and not _TAG.search(value) else value)
        for name, value in copied
    ]
    if body:
        extra = (*extra, ("Content-Type", "application/sdp"))
    headers += [("Allow", ALLOWED_METHODS), *extra]
    return Message(f"SIP/2.0 {status} {REASONS.get(status, 'Failure')}", tuple(headers), body)


def new_tag() -> str:
    return secrets.token_hex(6)


def new_branch() -> str:
    """Begins with RFC 3261's magic cookie (section 8.1.1.7)."""
    return f"z9hG4bK{secrets.token_hex(8)}"
