"""Whom webhooks may be sent to: URLs that are written plainly, at addresses of the public internet.

Whoever may add a webhook must not reach through it what only this machine reaches: Asterisk's manager, the cloud's
metadata, a neighbour's printer. So a name is judged by the addresses that it has when something is sent.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiguillage.errors import DocumentRefused, Fault, Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2000
_VISIBLE = re.compile(r"[!-~]+")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is assigned: what lies outside stays near, leads nowhere, or hides an IPv4 address, as ::ffff:127.0.0.1."""
_SPECIAL = (IPv6Network("2001::/23"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))
"""Teredo and others, 6to4, documentation: Python 3.11 does not know them all."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """`networks` may be reached although they are not public; `http`: without TLS, too."""

    networks: tuple[Network, ...] = ()
    http: bool = False

    def check_url(self, url: str) -> None:
        """Raises DocumentRefused."""
        if fault := self._fault(url):
            raise DocumentRefused((Fault("url", fault),))

    def check_address(self, host: str, address: str) -> None:
        """`address` is one of those of `host`. Raises Refused."""
        if not self._may_reach(ip_address(address)):
            raise Refused(
                f"{host} is at {address}, which is not on the public internet; "
                "to allow it, list its network in AIGUILLAGE_WEBHOOKS_MAY_REACH"
            )

    def _fault(self, url: str) -> str | None:
        if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url):
            return f"write up to {LONGEST_URL} visible ASCII characters; a name in other letters as xn--…"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return "is no URL; write https://host/path"
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
            return "is no URL of a web server; write https://host/path"
        if parts.scheme == "http" and not self.http:
            return "goes without TLS; write https://…, or allow http with AIGUILLAGE_WEBHOOKS_HTTP=true"
        if "@" in parts.netloc or "#" in url:
            return "holds a user, a password or a fragment; leave it out: the signature says who sends"
        return None

    def _may_reach(self, address: Address) -> bool:
        return _is_public(address) or any(address in network for network in self.networks)


PUBLIC = Receivers()
"""Nobody else."""


def _is_public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, IPv6Address):
        return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL)
    return True
