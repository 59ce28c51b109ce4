"""Write for Asterisk what the published plan says: phones, trunks, boxes, announcements, the last resort."""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

from aiguillage.asterisk.manager import Manager, Reloader
from aiguillage.asterisk.provisioning import prompts
from aiguillage.asterisk.provisioning.almanac import written
from aiguillage.asterisk.provisioning.files import RELOADED_BY, generated, mark_of
from aiguillage.asterisk.provisioning.read_back import missing
from aiguillage.asterisk.provisioning.site import Site
from aiguillage.asterisk.provisioning.voices import voice
from aiguillage.asterisk.provisioning.write import Swap, write
from aiguillage.asterisk.voicemail import Spool
from aiguillage.desk.snapshot import published_plan
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.almanac import almanac_of
from aiguillage.routing.decide import last_resort
from aiguillage.routing.directory import NOBODY_KNOWN, Directory
from aiguillage.routing.mailboxes import mailboxes
from aiguillage.routing.plan import Person, Phone, Plan
from aiguillage.settings import Settings
from aiguillage.store import endpoints, trunk_passwords
from aiguillage.store import pins as stored_pins
from aiguillage.store.database import Database

TABLED = timedelta(days=35)
"""How far Asterisk's timetable goes; it is written anew every day."""
ALL_MODULES = tuple(dict.fromkeys(RELOADED_BY.values()))
LOOPBACK = "127.0.0.1"
_LOOKS = 5
_BETWEEN_LOOKS = 0.3
_FAULTS_TOLD = 5


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """What to enter in a desk phone."""

    owner: str
    server: str
    endpoint: str
    password: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class MailboxPin:
    """How a mailbox is opened from a telephone; `pin` None: its owner has changed it, and nobody else knows it."""

    owner: str
    mailbox: str
    extension: str | None
    pin: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Written:
    """What was put in place for Asterisk, the mark by which its dialplan is known, and all texts by name."""

    swap: Swap
    mark: str
    files: Mapping[str, str]


def provision(
    settings: Settings, database: Database, plan: Plan, directory: Directory = NOBODY_KNOWN
) -> Written | None:
    """Write Asterisk's generated files and announcements; with the timetable of the coming weeks, by which it steers
    the callers of `directory` and all others while nobody can be asked.

    None where `asterisk_dir` is not set. Raises AsteriskUnavailable, StoreUnavailable; then the files are as before.
    """
    if settings.asterisk_dir is None:
        return None
    prompts.render(plan, settings.recordings_dir, settings.prompts_dir, voice(settings.voice_command))
    now, where = datetime.now(UTC), site(settings, database, plan)
    files = generated(plan, where, last_resort(plan, now), _timetable(plan, directory, where, now))
    return Written(write(files, settings.asterisk_dir / "generated"), mark_of(files), files)


def _timetable(plan: Plan, directory: Directory, where: Site, now: datetime) -> Iterator[str]:
    """From this day's beginning (UTC), so that it is the same all day long."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    salt = hashlib.sha256(f"timetable {where.ami_secret}".encode()).hexdigest()[:32]
    country, zone = plan.organisation.country, plan.organisation.timezone
    return written(almanac_of(plan, directory, since, since + TABLED), salt, country, zone)


async def take_over(manager: Reloader, written: Written, plan: Plan) -> None:
    """Let Asterisk read what was written, and see that it has all of it; else put back what it had before.

    Raises AsteriskUnavailable, saying what was missing.
    """
    await reload(manager, written.swap.modules)
    lacks = await lacks_of(manager, plan, written.mark)
    if lacks and not written.swap.changed:  # it was started before these were there
        await reload(manager, ALL_MODULES)
        lacks = await lacks_of(manager, plan, written.mark)
    if not lacks:
        return
    await asyncio.to_thread(written.swap.undo)
    await reload(manager, written.swap.modules)
    told = "; ".join(lacks[:_FAULTS_TOLD]) + ("; …" if len(lacks) > _FAULTS_TOLD else "")
    put_back = "; the files before are back" if written.swap.changed else ""
    raise AsteriskUnavailable(f"Asterisk did not take what was written for it: {told}{put_back}")


async def reload(manager: Reloader, modules: Iterable[str]) -> None:
    """Raises AsteriskUnavailable."""
    for module in modules:
        await manager.reload(module)


async def lacks_of(manager: Manager, plan: Plan, mark: str) -> list[str]:
    """What Asterisk lacks, in words; it says that it has reloaded before it has. Raises AsteriskUnavailable."""
    for _ in range(_LOOKS):
        lacks = await missing(manager, plan, mark)
        if not lacks:
            break
        await asyncio.sleep(_BETWEEN_LOOKS)
    return lacks


def site(settings: Settings, database: Database, plan: Plan) -> Site:
    """What the files need besides the plan; makes passwords for phones, and PINs for mailboxes, that have none yet."""
    passwords, pins = _secrets(database, {endpoint for _, _, endpoint in _desk_phones(plan)}, {*mailboxes(plan)})
    return Site(
        sip_host=settings.sip_host,
        sip_port=settings.sip_port,
        rtp_ports=(settings.rtp_first_port, settings.rtp_last_port),
        agi=f"agi://{settings.agi_host}:{settings.agi_port}",
        ami_port=settings.ami_port,
        ami_user=settings.ami_user,
        ami_secret=settings.ami_secret.get_secret_value(),
        ami_system_user=settings.ami_system_user,
        ami_system_secret=settings.ami_system_secret.get_secret_value(),
        prompts=settings.prompts_dir,
        passwords=passwords,
        parallel_calls=settings.parallel_calls,
        pins=pins,
        simulator_secret=settings.simulator_secret.get_secret_value() if settings.simulation else None,
        synthetic_secret=synthetic_secret(settings),
        trunk_passwords=_trunk_passwords(database, plan),
        sip_external_host=settings.sip_external_host,
        sip_local_networks=tuple(str(network) for network in settings.sip_networks),
        ami_host=_address(settings.ami_host),
        ami_permits=_address(settings.agi_host),
    )


def _trunk_passwords(database: Database, plan: Plan) -> dict[str, str]:
    registering = [trunk.key for trunk in plan.trunks.values() if trunk.registers_as is not None]
    if not registering:
        return {}
    with database.reading() as session:
        return trunk_passwords.kept(session, registering)


def synthetic_secret(settings: Settings) -> str:
    """The password of the service's own test calls: known without the database, and none of anything else."""
    return hashlib.sha256(f"synthetic call {settings.ami_secret.get_secret_value()}".encode()).hexdigest()[:32]


def _address(host: str) -> str:
    """Asterisk lets in addresses, not names: what is no address of one machine means this one."""
    try:
        address = IPv4Address(host)
    except ValueError:
        return LOOPBACK
    return LOOPBACK if address.is_unspecified else host


def _secrets(database: Database, phones: set[str], boxes: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Passwords and PINs. Mostly all are there, and reading them waits for nobody who writes."""
    with database.reading() as session:
        passwords, pins = endpoints.kept(session, phones), stored_pins.kept(session, boxes)
    if passwords.keys() == phones and pins.keys() == boxes:
        return passwords, pins
    with database.writing() as session:
        return endpoints.passwords(session, phones), stored_pins.pins(session, boxes)


def phone_accounts(settings: Settings, database: Database) -> list[PhoneAccount]:
    """The accounts of the published plan's desk phones. Raises NotFound before anything was published."""
    plan = published_plan(database)
    where = site(settings, database, plan)
    return [
        PhoneAccount(
            f"{person.name}, {phone.key}",
            where.sip_server,
            endpoint,
            where.passwords[endpoint],
        )
        for person, phone, endpoint in _desk_phones(plan)
    ]


def mailbox_pins(settings: Settings, database: Database) -> list[MailboxPin]:
    """The PINs of the published plan's mailboxes. Raises NotFound before anything was published."""
    plan = published_plan(database)
    pins, spool = site(settings, database, plan).pins, Spool(settings.voicemail)
    return [
        MailboxPin(each.name, key, each.extension, None if spool.has_a_pin_of_its_own(key) else pins[key])
        for key, each in mailboxes(plan).items()
    ]


def _desk_phones(plan: Plan) -> Iterator[tuple[Person, Phone, str]]:
    for person in plan.people.values():
        for phone in person.phones.values():
            if phone.endpoint is not None:
                yield person, phone, phone.endpoint
