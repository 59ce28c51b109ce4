"""Users who are signed in, without having typed a password: hashing one takes longer than most tests."""

from datetime import datetime

from aiguillage.desk.signing_in import UNUSED
from aiguillage.store import accounts
from aiguillage.store.accounts import StoredUser
from aiguillage.store.database import Database


def let_in(
    database: Database, name: str, role: str, now: datetime, person: str | None = None, unit: str | None = None
) -> str:
    """The secret of the session of a new user, who has an authenticator."""
    user = StoredUser(name, name, role, person, unit, False, now, "no hash", "JBSWY3DPEHPK3PXP", True)
    with database.writing() as session:
        accounts.add_user(session, user)
        return accounts.open_session(session, name, now, now + UNUSED)
