"""What calls are decided from: the published plan and the directory, held in memory.

A call never waits for the database. A new snapshot replaces the old one in one assignment; a call in progress
keeps the one that it began with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from aiguillage import text_formats
from aiguillage.errors import NotFound
from aiguillage.routing.directory import NOBODY_KNOWN, Directory, packed_directory_of
from aiguillage.routing.document import load
from aiguillage.routing.plan import Plan
from aiguillage.routing.presence import Presences
from aiguillage.store import directory as stored_directory
from aiguillage.store import plans, presences
from aiguillage.store.database import Database
from aiguillage.store.revisions import revisions


@dataclass(frozen=True)
class Snapshot:
    """A published plan, its version, and the directory and people's live state at their revisions."""

    plan: Plan
    plan_version: int
    directory: Directory = NOBODY_KNOWN
    directory_revision: int = 0
    presences: Presences = field(default_factory=dict[str, Any])
    presence_revision: int = 0

    @cached_property
    def owners(self) -> Mapping[str, tuple[str, str]]:
        """SIP endpoint or outside number -> the person and the phone, plan keys both."""
        return {
            line: (person.key, phone.key)
            for person in self.plan.people.values()
            for phone in person.phones.values()
            if (line := phone.endpoint or phone.number)
        }


def load_snapshot(database: Database) -> Snapshot:
    """The latest published plan with the directory as it is.

    Raises NotFound when nothing has been published yet.
    """
    with database.reading() as session:
        now = revisions(session)
        version = _existing(plans.latest_version(session))
        return Snapshot(
            plan=_plan(version),
            plan_version=version.number,
            directory=packed_directory_of(stored_directory.all_contacts(session)),
            directory_revision=now.directory,
            presences=presences.all_presences(session),
            presence_revision=now.presence,
        )


def load_presences(database: Database, known: Snapshot) -> Snapshot:
    """`known` with people's live state as it is now."""
    with database.reading() as session:
        now = revisions(session)
        return replace(known, presences=presences.all_presences(session), presence_revision=now.presence)


def published_plan(database: Database) -> Plan:
    """The latest published plan alone, for whoever needs no directory.

    Raises NotFound when nothing has been published yet.
    """
    with database.reading() as session:
        return _plan(_existing(plans.latest_version(session)))


def plan_at(database: Database, at: datetime) -> tuple[Plan, int, bool]:
    """The plan that calls followed at `at` (aware), its version, and whether it was published by then: before the first
    version that one is as near as we can come.

    Raises NotFound when nothing has been published yet.
    """
    with database.reading() as session:
        version = plans.version_at(session, at)
        first = version or _existing(plans.first_version(session))
    return _plan(first), first.number, version is not None


def is_published(database: Database) -> bool:
    """Whether there is a plan that calls can follow."""
    with database.reading() as session:
        return revisions(session).plan > 0


def _existing(version: plans.Version | None) -> plans.Version:
    if version is None:
        raise NotFound("no plan has been published yet; run: aiguillage plan apply PLAN.yaml --publish")
    return version


def _plan(version: plans.Version) -> Plan:
    return load(text_formats.read_json(version.document))
