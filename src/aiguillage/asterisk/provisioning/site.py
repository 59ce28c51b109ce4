"""What Asterisk's files need to know and the plan does not say: ports, folders, secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SYNTHETIC = "synthetic.call"
"""The endpoint of the service's own test calls. A plan's endpoints hold no dot."""
SYNTHETIC_EXTENSION = "alive"


@dataclass(frozen=True, slots=True)
class Site:
    """`passwords` by SIP endpoint, `pins` by mailbox (`claire@people`), `trunk_passwords` by trunk.

    `registration_retry`: seconds until an operator that refuses or ignores our registration is asked again.

    `parallel_calls`: outside calls of one desk phone at once.

    `simulator_secret` None: there is no simulated trunk. `synthetic_secret` None: nobody places test calls.
    `ami_system_secret` empty: one user does all.

    `sip_external_host`: what Asterisk calls itself towards everybody outside `sip_local_networks`; empty: `sip_host`.

    The manager interface listens on `ami_host` and lets in this machine and `ami_permits`, the address of the service.
    """

    sip_host: str
    sip_port: int
    rtp_ports: tuple[int, int]
    agi: str
    ami_port: int
    ami_user: str
    ami_secret: str
    prompts: Path
    passwords: Mapping[str, str]
    pins: Mapping[str, str]
    parallel_calls: int = 2
    simulator_secret: str | None = None
    ami_system_user: str = ""
    ami_system_secret: str = ""
    synthetic_secret: str | None = None
    trunk_passwords: Mapping[str, str] = field(default_factory=dict)
    registration_retry: int = 60
    sip_external_host: str = ""
    sip_local_networks: tuple[str, ...] = ()
    ami_host: str = "127.0.0.1"
    ami_permits: str = "127.0.0.1"

    @property
    def sip_server(self) -> str:
        """What is entered in a phone, `host:port`."""
        return f"{self.sip_external_host or self.sip_host}:{self.sip_port}"
