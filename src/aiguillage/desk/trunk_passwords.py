"""Give a trunk the password by which it registers with its operator. Nobody can read it back from us."""

import re
from datetime import datetime

from aiguillage.desk.editing import Editor
from aiguillage.errors import NotFound, Refused
from aiguillage.store import audit, trunk_passwords
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database
from aiguillage.store.plans import load_draft
from aiguillage.store.revisions import changed

_WRITTEN = re.compile(r"[!-:<-~]{1,128}")
"""Printable, and what Asterisk's file can hold: neither spaces nor the semicolon that begins a comment."""


def set_password(database: Database, trunk: str, password: str, by: Editor, now: datetime) -> None:
    """From then on it is registered with this one; empty removes it. `now` is aware.

    Raises NotFound where the draft has no such trunk, Refused for a password that Asterisk cannot be given.
    """
    if password and not _WRITTEN.fullmatch(password):
        raise Refused("the password may hold 1 to 128 letters, digits and signs, without spaces and semicolons")
    with database.writing() as session:
        draft = load_draft(session)
        if draft is None or trunk not in draft.trunks:
            raise NotFound(f'the plan has no trunk "{trunk}"; add it first: aiguillage plan apply')
        trunk_passwords.put(session, trunk, password)
        changed(session, "trunks")
        done = "set-password" if password else "remove-password"
        audit.append(session, now, Deed(by.name, done, f"trunks/{trunk}", request=by.request))
