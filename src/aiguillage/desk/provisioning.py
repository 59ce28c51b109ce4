"""Write for Asterisk what the published plan says: phones, trunks, boxes, announcements, the last resort."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from aiguillage.asterisk.provisioning import prompts
from aiguillage.asterisk.provisioning.files import generated
from aiguillage.asterisk.provisioning.site import Site
from aiguillage.asterisk.provisioning.write import write
from aiguillage.asterisk.voicemail import Spool
from aiguillage.desk.snapshot import published_plan
from aiguillage.routing.decide import last_resort
from aiguillage.routing.mailboxes import mailboxes
from aiguillage.routing.plan import Person, Phone, Plan
from aiguillage.settings import Settings
from aiguillage.store import endpoints
from aiguillage.store import pins as stored_pins
from aiguillage.store.database import Database


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


def provision(settings: Settings, database: Database, plan: Plan) -> list[str]:
    """Write Asterisk's generated files and announcements; the modules that must read theirs again.

    Does nothing where `asterisk_dir` is not set. Raises AsteriskUnavailable, StoreUnavailable.
    """
    if settings.asterisk_dir is None:
        return []
    prompts.render(plan, settings.recordings_dir, settings.prompts_dir)
    files = generated(plan, site(settings, database, plan), last_resort(plan, datetime.now(UTC)))
    return write(files, settings.asterisk_dir / "generated")


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
        prompts=settings.prompts_dir,
        passwords=passwords,
        pins=pins,
        simulator_secret=settings.simulator_secret.get_secret_value() if settings.simulation else None,
    )


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
            f"{where.sip_host}:{where.sip_port}",
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
