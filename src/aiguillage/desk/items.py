"""Single things of the draft, by section and key: read, added, changed, taken out, put in another order.

A thing's body is what the document holds of it; its revision changes whenever its body does, and no other thing's does.
Inbound and outbound routes go by their names. `organisation`, `last_resort` and `never_dial` are one thing each.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiguillage import text_formats
from aiguillage.desk import access, editing
from aiguillage.desk.access import Reach
from aiguillage.desk.editing import Document, Editor
from aiguillage.errors import ChangedMeanwhile, Conflict, DocumentRefused, Fault, InUse, NotFound
from aiguillage.routing.compare import settings_changed
from aiguillage.routing.document.node import suggestion
from aiguillage.store import audit, plans
from aiguillage.store.audit import AuditEntry, Deed
from aiguillage.store.database import Database, Session

LISTED = ("inbound_routes", "outbound_routes")
WHOLE: Mapping[str, Any] = {"organisation": {}, "last_resort": {}, "never_dial": []}
"""Sections that are one thing, with what stands for one that the document leaves out."""
_LOOKED_BACK = 5
"""So many changes, and so many replaced drafts, are searched for what a thing was."""
Known = Collection[str] | None
"""The revisions that the writer has read, any of which may be the present one; None where any will do."""


@dataclass(frozen=True, slots=True)
class Item:
    """`key` is empty for a section that is one thing."""

    section: str
    key: str
    body: Any

    @property
    def revision(self) -> str:
        """32 hexadecimal digits."""
        text = text_formats.write_json([self.section, self.key, self.body])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def thing(self) -> str:
        return _thing(self.section, self.key)


def _thing(section: str, key: str) -> str:
    """As the audit names it."""
    return f"{section}/{key}" if key else section


# --- Read --------------------------------------------------------------------------------------------------


def items(database: Database, section: str) -> list[Item]:
    """In the order of the document. Raises NotFound without a draft."""
    return _items(editing.draft(database), section)


def item(database: Database, section: str, key: str) -> Item:
    """Raises NotFound."""
    return _present(editing.draft(database), section, key)


def order(found: Collection[Item]) -> str:
    """The revision of a section's order."""
    return hashlib.sha256(text_formats.write_json([each.key for each in found]).encode()).hexdigest()[:32]


def _items(document: Mapping[str, Any], section: str) -> list[Item]:
    if section in LISTED:
        return [Item(section, each["name"], each) for each in document.get(section, [])]
    if section in WHOLE:
        return [Item(section, "", document.get(section, WHOLE[section]))]
    return [Item(section, key, body) for key, body in document.get(section, {}).items()]


def _find(document: Mapping[str, Any], section: str, key: str) -> Item | None:
    return next((each for each in _items(document, section) if each.key == key), None)


def _present(document: Mapping[str, Any], section: str, key: str) -> Item:
    found = _find(document, section, key)
    if found is None:
        near = suggestion(key, [each.key for each in _items(document, section)])
        raise NotFound(f'{section} has no "{key}"{near}')
    return found


# --- Written -----------------------------------------------------------------------------------------------


def add(database: Database, section: str, key: str, body: Any, by: Editor) -> Item:
    """Add a thing at the end of its section. Raises Conflict where the key is taken, DocumentRefused."""

    def edit(_: Session, document: Document) -> Document:
        if _find(document, section, key) is not None:
            raise Conflict(f'{section} has "{key}" already; change that one, or choose another key')
        return _within(by, document, _with(document, section, key, key, body), Item(section, key, None), body)

    def told(after: Document) -> Deed:
        now = _present(after, section, key)
        return Deed(by.name, "add", now.thing, None, now.body, now.revision, by.request)

    return _present(editing.change(database, edit, told), section, key)


def replace(database: Database, section: str, key: str, body: Any, known: Known, by: Editor) -> Item:
    """Write a thing anew. Raises NotFound, ChangedMeanwhile, DocumentRefused."""
    return _rewritten(database, section, key, lambda _: body, known, by)


def patch(database: Database, section: str, key: str, changes: Any, known: Known, by: Editor) -> Item:
    """Change what is named, take out what is null (RFC 7396). Raises NotFound, ChangedMeanwhile, DocumentRefused."""
    return _rewritten(database, section, key, lambda body: merged(body, changes), known, by)


def _rewritten(
    database: Database, section: str, key: str, rewrite: Callable[[Any], Any], known: Known, by: Editor
) -> Item:
    before: list[Item] = []
    name = [key]

    def edit(session: Session, document: Document) -> Document:
        before.append(_unchanged(session, document, section, key, known, by))
        body = rewrite(before[0].body)
        name[0] = str(body["name"]) if section in LISTED and isinstance(body, Mapping) and "name" in body else key
        return _within(by, document, _with(document, section, key, name[0], body), before[0], body)

    def told(after: Document) -> Deed:
        now = _present(after, section, name[0])
        return Deed(by.name, "change", _thing(section, key), before[0].body, now.body, now.revision, by.request)

    return _present(editing.change(database, edit, told), section, name[0])


def remove(database: Database, section: str, key: str, known: Known, by: Editor) -> None:
    """Take a thing out. Raises NotFound, ChangedMeanwhile, InUse where others name it."""
    before: list[Item] = []

    def edit(session: Session, document: Document) -> Document:
        before.append(_unchanged(session, document, section, key, known, by))
        left = _within(by, document, _without(document, section, key), before[0], None)
        try:
            editing.check(left)
        except DocumentRefused as wrong:
            users = tuple(fault.path for fault in wrong.faults)
            raise InUse(f'{section} "{key}" is in use; first take it out of: {", ".join(users)}', users) from None
        return left

    editing.change(
        database, edit, lambda _: Deed(by.name, "remove", _thing(section, key), before[0].body, request=by.request)
    )


def reorder(database: Database, section: str, keys: list[str], known: Known, by: Editor) -> list[Item]:
    """Put the things of a section into another order. Raises ChangedMeanwhile, DocumentRefused for other keys."""
    before: list[list[str]] = []

    def edit(_: Session, document: Document) -> Document:
        found = {each.key: each for each in _items(document, section)}
        before.append(list(found))
        if known is not None and order(list(found.values())) not in known:
            raise ChangedMeanwhile(f"{section} has another order by now: {', '.join(found)}; read it again")
        if sorted(keys) != sorted(found):
            raise DocumentRefused((Fault(section, f"name each of these once: {', '.join(found)}"),))
        bodies = [(key, found[key].body) for key in keys]
        return {**document, section: [body for _, body in bodies] if section in LISTED else dict(bodies)}

    after = editing.change(
        database, edit, lambda _: Deed(by.name, "reorder", section, before[0], keys, request=by.request)
    )
    return _items(after, section)


def _within(by: Editor, document: Document, becomes: Document, before: Item, body: Any) -> Document:
    """What the document becomes, if whoever edits may write the thing so. Raises Forbidden, DocumentRefused."""
    if by.who is not None:
        access.check_edit(by.who, before.section, before.key, before.body, body, document.get("units", {}))
        if before.section == "people" and by.who.needs("plan:write") is Reach.OWN:
            access.check_own_numbers(by.who, before.body, editing.check(becomes))
    return becomes


def _with(document: Document, section: str, key: str, name: str, body: Any) -> Document:
    """The document with `body` in the place of `key`, or at the end; `name` is the key afterwards."""
    if section in WHOLE:
        return {**document, section: body}
    if section in LISTED:
        routes = document.get(section, [])
        place = next((place for place, each in enumerate(routes) if each["name"] == key), len(routes))
        return {**document, section: [*routes[:place], body, *routes[place + 1 :]]}
    return {**document, section: {**document.get(section, {}), name: body}}


def _without(document: Document, section: str, key: str) -> Document:
    if section in LISTED:
        return {**document, section: [each for each in document[section] if each["name"] != key]}
    return {**document, section: {each: body for each, body in document[section].items() if each != key}}


def merged(body: Any, changes: Any) -> Any:
    """A JSON merge patch (RFC 7396) applied."""
    if not isinstance(changes, Mapping):
        return changes
    found = dict(body) if isinstance(body, Mapping) else {}
    for key, value in changes.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


# --- Changed meanwhile -------------------------------------------------------------------------------------


def _unchanged(session: Session, document: Document, section: str, key: str, known: Known, by: Editor) -> Item:
    """Raises Forbidden, NotFound, ChangedMeanwhile."""
    if by.who is not None:
        access.check_touch(by.who, section, key)
    now = _find(document, section, key)
    if now is None and known is not None:
        last = next(iter(audit.last_changes(session, _thing(section, key), 1)), None)
        if last is not None and last.action == "remove":
            raise ChangedMeanwhile(f'{section} "{key}" was taken out meanwhile by {_who(last)}')
    if now is None:
        return _present(document, section, key)
    if known is None or now.revision in known:
        return now
    last = next(iter(audit.last_changes(session, now.thing, 1)), None)
    whose = f" by {_who(last)}" if last is not None else ""
    then = next((each for each in (_then(session, section, key, one) for one in known) if each is not None), None)
    changes = settings_changed({"": then}, {"": now.body}) if then is not None else ()
    what = "; ".join(f"{each.kind} {each.path.lstrip('.')}" for each in changes)
    raise ChangedMeanwhile(
        f'{section} "{key}" was changed meanwhile{whose}{f": {what}" if what else ""}; '
        "read it again and repeat your change on it"
    )


def _who(entry: AuditEntry) -> str:
    return f"{entry.actor or 'somebody'} at {entry.at:%Y-%m-%dT%H:%M:%SZ}"


def _then(session: Session, section: str, key: str, revision: str) -> Any:
    """The body that had this revision, where it is still known."""
    for entry in audit.last_changes(session, _thing(section, key), _LOOKED_BACK):
        for text in (entry.after, entry.before):
            body = None if text is None else text_formats.read_json(text)
            if body is not None and Item(section, key, body).revision == revision:
                return body
    latest = plans.latest_version(session)
    kept = [each.document for each in plans.kept_drafts(session)[:_LOOKED_BACK]]
    for text in [*kept, *([latest.document] if latest else [])]:
        found = _find(text_formats.read_json(text), section, key)
        if found is not None and found.revision == revision:
            return found.body
    return None
