"""The plan: one draft, and the versions that were published."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, desc, func, insert, select
from sqlalchemy.orm import Session

from aiguillage.errors import ChangedMeanwhile, NotFound
from aiguillage.routing.plan import Plan
from aiguillage.store import notices
from aiguillage.store.plan_rows import plan_of, rows_of
from aiguillage.store.plan_tables import PLAN_TABLES
from aiguillage.store.tables import plan_versions, replaced_drafts


@dataclass(frozen=True, slots=True)
class Version:
    """A plan as it was published: never changed. `document` is canonical JSON, `checksum` its SHA-256."""

    number: int
    document: str
    checksum: str
    published_at: datetime
    published_by: str
    comment: str


def save_draft(session: Session, plan: Plan) -> None:
    """Replace the draft."""
    for table in reversed(PLAN_TABLES):
        session.execute(delete(table))
    rows = rows_of(plan)
    for table in PLAN_TABLES:
        if rows.get(table.name):
            session.execute(insert(table), rows[table.name])


def load_draft(session: Session) -> Plan | None:
    """The draft, equal to what was saved; None where there is none."""
    return plan_of(
        {
            table.name: [
                {column: value for column, value in row.items() if column != "id"}
                for row in session.execute(select(table)).mappings()
            ]
            for table in PLAN_TABLES
        }
    )


@dataclass(frozen=True, slots=True)
class ReplacedDraft:
    """A draft that another one took the place of. `document` is canonical JSON, `revision` names it."""

    revision: str
    document: str
    replaced_at: datetime
    replaced_by: str


REPLACED_DRAFTS = 100
"""So many are kept."""


def keep_draft(session: Session, replaced: ReplacedDraft) -> None:
    """Keep a draft that is about to be replaced; the oldest ones go."""
    number = (session.scalar(select(func.max(replaced_drafts.c.number))) or 0) + 1
    row = {name: getattr(replaced, name) for name in ReplacedDraft.__slots__}
    session.execute(insert(replaced_drafts), {"number": number, **row})
    session.execute(delete(replaced_drafts).where(replaced_drafts.c.number <= number - REPLACED_DRAFTS))


def kept_drafts(session: Session) -> list[ReplacedDraft]:
    """The latest replaced first."""
    columns = [replaced_drafts.c[name] for name in ReplacedDraft.__slots__]
    found = session.execute(select(*columns).order_by(desc(replaced_drafts.c.number)))
    return [ReplacedDraft(**row) for row in found.mappings()]


def publish(
    session: Session, *, document: str, at: datetime, by: str, comment: str, expected_latest: int | None
) -> int:
    """Keep `document` as the next version and return its number.

    In a writing session, where nobody else can publish. Raises ChangedMeanwhile when `expected_latest` is not the last
    version any more.
    """
    latest = latest_version(session)
    number = (latest.number if latest else 0) + 1
    if (latest.number if latest else None) != expected_latest:
        raise _meanwhile(latest)
    checksum = hashlib.sha256(document.encode()).hexdigest()
    row = Version(number, document, checksum, at, by, comment)
    session.execute(insert(plan_versions), {name: getattr(row, name) for name in Version.__slots__})
    notices.tell(session)
    return number


def _meanwhile(latest: Version | None) -> ChangedMeanwhile:
    if latest is None:
        return ChangedMeanwhile("the published plan is gone; publish again")
    return ChangedMeanwhile(
        f"{latest.published_by} published version {latest.number} meanwhile"
        f"{f' ({latest.comment})' if latest.comment else ''}; look at it, then publish again"
    )


def latest_version(session: Session) -> Version | None:
    found = session.execute(select(plan_versions).order_by(desc(plan_versions.c.number)).limit(1)).mappings().first()
    return Version(**found) if found else None


def first_version(session: Session) -> Version | None:
    found = session.execute(select(plan_versions).order_by(plan_versions.c.number).limit(1)).mappings().first()
    return Version(**found) if found else None


def version(session: Session, number: int) -> Version:
    """Raises NotFound."""
    found = session.execute(select(plan_versions).where(plan_versions.c.number == number)).mappings().first()
    if found is None:
        raise NotFound(f"there is no version {number} of the plan")
    return Version(**found)


def version_at(session: Session, at: datetime) -> Version | None:
    """The version that calls followed at `at` (aware); before the first one, None."""
    live = select(plan_versions).where(plan_versions.c.published_at <= at)
    found = session.execute(live.order_by(desc(plan_versions.c.number)).limit(1)).mappings().first()
    return Version(**found) if found else None


def versions(session: Session) -> list[Version]:
    """All of them, the newest first."""
    return [
        Version(**row)
        for row in session.execute(select(plan_versions).order_by(desc(plan_versions.c.number))).mappings()
    ]
