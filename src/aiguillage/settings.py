"""Settings: one frozen object from AIGUILLAGE_* variables, a `.env` file, or secret files.

Order: environment, then secret files (`AIGUILLAGE_SECRETS_DIR`, one file per variable, named in lower case), then
`.env` of the working folder (or the file that `AIGUILLAGE_ENV_FILE` names), then the defaults below. `.env.example`
lists them all.
"""

import os
import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aiguillage.errors import SettingRefused

Port = int


class Settings(BaseSettings):
    """Paths are made absolute; ports are TCP unless they say SIP."""

    model_config = SettingsConfigDict(
        env_prefix="AIGUILLAGE_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    role: Literal["all", "node", "desk"] = "all"
    """What runs here: a node beside its Asterisk, a desk with the API and no Asterisk, or both in one."""
    node: str = Field("", pattern="^([a-z0-9]{1,20})?$")
    """The node's name, one that no other has: its Asterisk's systemname, which the ids of its calls begin with.
    Empty = it is the only one."""

    state_dir: Path = Path("var")
    database_url: str = ""

    http_host: str = "127.0.0.1"
    http_port: Port = Field(8080, ge=1, le=65535)

    agi_host: str = "127.0.0.1"
    agi_port: Port = Field(4573, ge=1, le=65535)

    ami_host: str = "127.0.0.1"
    ami_port: Port = Field(5038, ge=1, le=65535)
    ami_user: str = "aiguillage"
    ami_secret: SecretStr = SecretStr("")
    ami_system_user: str = "aiguillage-system"
    """Who lets Asterisk read its files again, and may place no call."""
    ami_system_secret: SecretStr = SecretStr("")
    """Empty = there is no such user, and the other one does all."""

    asterisk_dir: Path | None = None
    """Asterisk's configuration folder, where `generated/` is written; None = this service writes none."""

    asterisk_root: Path | None = None
    """The root folder of the Asterisk that the demo starts; None = the one installed on the system."""

    start_asterisk: bool = True
    """Whether the demo starts an Asterisk of its own; False = yours runs already."""

    voicemail_dir: Path | None = None
    """Asterisk's voicemail folder; None = that of the Asterisk which the demo starts."""

    call_events_dir: Path | None = None
    """The folder in which Asterisk writes what happens to calls; None = that of the Asterisk which the demo starts."""

    smtp_host: str = ""
    """The server that takes our e-mail; empty = none is sent."""
    smtp_port: Port = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    mail_from: str = ""

    webhooks_may_reach: str = ""
    """Networks that webhooks may be sent to although they are not public: `10.1.2.0/24, fd00::/8`."""
    webhooks_http: bool = False
    """Whether webhooks may be sent without TLS."""

    sip_host: str = "127.0.0.1"
    sip_port: Port = Field(5060, ge=1, le=65535)
    sip_external_host: str = ""
    """By which address phones and operators reach `sip_host`, where that is another: behind NAT, in a container."""
    sip_local_networks: str = ""
    """Networks whose phones reach `sip_host` itself, although there is an external address: `192.0.2.0/24`."""
    rtp_first_port: Port = Field(10000, ge=1024, le=65535)
    rtp_last_port: Port = Field(10200, ge=1024, le=65535)

    parallel_calls: int = Field(2, ge=1, le=100)
    """Outside calls that one desk phone may have at once. Emergency calls are never counted."""
    daily_calls: int = Field(200, ge=0, le=100_000)
    """Outside calls that one desk phone may place in a day: a stolen password must not cost a fortune."""

    longest_ringing: int = Field(180, ge=10, le=3600)
    """Seconds of nothing but ringing that a caller is made to wait; a plan that rings longer is not published."""

    keep_numbers_days: int = Field(90, ge=1, le=3650)
    """Days after which a call is kept without numbers and names, under a pseudonym."""
    keep_calls_days: int = Field(396, ge=1, le=3650)
    """Days after which of a call no more is kept than that there was one: thirteen months by default."""
    keep_messages_days: int = Field(396, ge=1, le=3650)
    """Days after which a voicemail message is deleted that was listened to."""

    language: Literal["", "en", "fr"] = ""
    """What our own answers speak; empty = the organisation's first language, if it is one of these."""

    voice_command: str = ""
    """A better voice than espeak-ng: a command that reads text and writes a WAV {file} in {language}."""

    simulation: bool = False
    """Honour the time of day that a simulated call brings. For demo and tests only."""

    simulator_secret: SecretStr = SecretStr("")

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.rtp_last_port <= self.rtp_first_port:
            raise ValueError("rtp_last_port must be above rtp_first_port")
        if self.keep_calls_days < self.keep_numbers_days:
            raise ValueError("keep_calls_days must not be below keep_numbers_days")
        if self.simulation and not self.simulator_secret.get_secret_value():
            raise ValueError("simulation needs simulator_secret")
        if self.smtp_host and "@" not in self.mail_from:
            raise ValueError("smtp_host needs mail_from, the address that our e-mail comes from")
        if self.role == "node" and not self.node:
            raise ValueError("role node needs node, the systemname of its Asterisk")
        return self

    @field_validator("webhooks_may_reach", "sip_local_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        _networks_in(text)
        return text

    @cached_property
    def state(self) -> Path:
        return self.state_dir.resolve()

    @cached_property
    def call_prefix(self) -> str:
        """What the ids of this node's calls begin with; empty where it is the only one."""
        return f"{self.node}-" if self.node else ""

    @cached_property
    def asterisk_is_elsewhere(self) -> bool:
        """Whether Asterisk has another machine's network, or another container's."""
        return self.ami_host not in {"127.0.0.1", "localhost"}

    @cached_property
    def prompts_dir(self) -> Path:
        """Synthesised and converted announcements, a folder for each language."""
        return self.state / "prompts"

    @cached_property
    def recordings_dir(self) -> Path:
        """Where `file:` prompts are looked up."""
        return self.state / "recordings"

    @cached_property
    def backups_dir(self) -> Path:
        """Backups that are given no other place."""
        return self.state / "backups"

    @cached_property
    def voicemail(self) -> Path:
        """Where Asterisk keeps voicemail messages."""
        return (self.voicemail_dir or self.state / "asterisk/spool/voicemail").resolve()

    @cached_property
    def call_events(self) -> Path:
        """Where Asterisk writes what happens to calls, and we read and remove it."""
        return (self.call_events_dir or self.state / "asterisk/log/cel-custom").resolve()

    @cached_property
    def webhook_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """What `webhooks_may_reach` lists."""
        return _networks_in(self.webhooks_may_reach)

    @cached_property
    def sip_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """What `sip_local_networks` lists."""
        return _networks_in(self.sip_local_networks)

    @cached_property
    def http_url(self) -> str:
        """Where a browser on this machine reaches us, without a slash at the end."""
        return f"http://{_EVERYWHERE.get(self.http_host, self.http_host)}:{self.http_port}"

    @cached_property
    def url(self) -> str:
        """The database as SQLAlchemy names it."""
        return self.database_url or f"sqlite:///{self.state / 'aiguillage.db'}"

    def shown(self) -> list[tuple[str, object, bool]]:
        """Each variable with its value, for people; a secret has none, and whether it is set is all that is said."""
        found: list[tuple[str, object, bool]] = []
        for name, value in self.model_dump(mode="json").items():
            given = getattr(self, name)
            if isinstance(given, SecretStr):
                found.append((_variable(name), None, bool(given.get_secret_value())))
            else:
                found.append(
                    (_variable(name), _PASSWORD.sub(":***@", value) if isinstance(value, str) else value, True)
                )
        return found


_EVERYWHERE = {"0.0.0.0": "127.0.0.1"}  # noqa: S104  who listens everywhere is reached here, too
_PASSWORD = re.compile(r":[^:@/]+@")


def _variable(name: str) -> str:
    return "AIGUILLAGE_" + name.upper()


def _networks_in(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def load_settings(role: str = "") -> Settings:
    """The settings of this process; its `role`, where one is given, is not asked of them.

    Raises SettingRefused, which names each variable that has a bad value.
    """
    secrets = os.environ.get("AIGUILLAGE_SECRETS_DIR")
    file = os.environ.get("AIGUILLAGE_ENV_FILE", ".env")
    try:
        given: dict[str, Any] = {"role": role} if role else {}
        return Settings(_secrets_dir=secrets, _env_file=file, **given)  # type: ignore[call-arg]  # pydantic-settings' own arguments
    except ValidationError as wrong:
        raise SettingRefused("\n".join(_in_words(dict(error)) for error in wrong.errors())) from None


def _in_words(error: dict[str, object]) -> str:
    place = error["loc"]
    name = _variable(str(place[0])) if isinstance(place, tuple) and place else "AIGUILLAGE_*"
    return f"setting {name}: {error['msg']} (see .env.example)"
