"""Document -> plan: the steps of a route, a menu key or the last resort."""

from collections.abc import Mapping

from aiguillage.routing import plan as p
from aiguillage.routing.document.node import Node, suggestion
from aiguillage.routing.document.readers import read_number, read_prompt_key, read_ring_seconds

_STEP_FIELDS = {
    "play": (),
    "ring": ("for",),
    "dial": ("for", "confirm"),
    "queue": (),
    "menu": (),
    "voicemail": (),
    "hangup": (),
}
_ANY_FIELD = {*_STEP_FIELDS, *(field for fields in _STEP_FIELDS.values() for field in fields)}


def read_steps(node: Node) -> tuple[p.Step, ...]:
    return tuple(step for step in node.each(_step) if step is not None)


def _step(node: Node) -> p.Step | None:
    kinds = [kind for kind in _STEP_FIELDS if isinstance(node.value, Mapping) and kind in node.value]
    if len(kinds) != 1:
        node.fields(*_ANY_FIELD)
        if kinds or (isinstance(node.value, Mapping) and _ANY_FIELD.issuperset(node.value)):
            node.fault(f"a step is one of {', '.join(_STEP_FIELDS)}; found {' and '.join(kinds) or 'none'}")
        return None
    kind = kinds[0]
    fields = node.fields(kind, *_STEP_FIELDS[kind])
    what = fields.found[kind]
    match kind:
        case "play":
            return p.Play(read_prompt_key(what))
        case "ring":
            target, seconds = _ring_target(what), fields.get("for", read_ring_seconds, None)
            return p.Ring(target, seconds) if target else None
        case "dial":
            return p.Dial(
                number=read_number(what),
                seconds=fields.get("for", read_ring_seconds, p.DEFAULT_DIAL_SECONDS),
                confirm=fields.get("confirm", Node.boolean, None),
            )
        case "queue":
            return p.JoinQueue(what.reference("queues", "queue"))
        case "menu":
            return p.EnterMenu(what.reference("menus", "menu"))
        case "voicemail":
            return _leave_message(what)
        case _:
            return p.HangUp(what.one_of(tuple(p.HANGUP_CAUSES)))


def _ring_target(node: Node) -> p.RingTarget | None:
    text = node.text()
    kind, colon, key = text.partition(":")
    named = Node(key, node.path, node.names)
    match kind, colon:
        case "responsible", "":
            return p.Responsible()
        case "last-colleague", "":
            return p.LastColleague()
        case "person", ":":
            return p.PersonTarget(named.reference("people", "person"))
        case "group", ":":
            return p.GroupTarget(named.reference("ring_groups", "group"))
    if text:
        near = suggestion(text, ("responsible", "last-colleague", "person:", "group:"))
        node.fault(f'"{text}" cannot be rung{near or "; write person:…, group:…, responsible or last-colleague"}')
    return None


def _leave_message(node: Node) -> p.LeaveMessage:
    if not isinstance(node.value, str) or not node.value.startswith("person:"):
        return p.LeaveMessage(box=node.reference("voicemail_boxes", "voicemail box"))
    key = Node(node.value.removeprefix("person:"), node.path, node.names).reference("people", "person")
    if key in node.names.keys["people"] and key not in node.names.with_voicemail:
        node.fault(f'person "{key}" has no voicemail; write voicemail: {{}} at people.{key}')
    return p.LeaveMessage(person=key)
