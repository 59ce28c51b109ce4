"""Faults that only the whole document shows: what is used twice, what stands above itself.

They are looked for in a plan that may hold stand-ins for what could not be read: empty texts, names that dangle.
"""

from collections.abc import Iterable, Mapping

from aiguillage.errors import Fault
from aiguillage.routing import plan as p
from aiguillage.routing.emergency import reserved_extensions


def faults_across(plan: p.Plan) -> Iterable[Fault]:
    yield from _repeated("number", ((f"dids.{key}.number", did.number) for key, did in plan.dids.items()))
    yield from _repeated("extension", _extensions(plan))
    yield from _hiding_a_short_number(plan)
    yield from _repeated("endpoint", _endpoints(plan))
    for section in ("inbound_routes", "outbound_routes"):
        routes = enumerate(getattr(plan, section))
        yield from _repeated("name", ((f"{section}[{index}].name", route.name) for index, route in routes))
    for key in plan.units:
        if _is_its_own_ancestor(plan.units, key):
            yield Fault(f"units.{key}.parent", f'unit "{key}" stands above itself; one of the parents is wrong')


def _extensions(plan: p.Plan) -> Iterable[tuple[str, str]]:
    for section in ("people", "ring_groups", "queues", "voicemail_boxes"):
        for key, thing in getattr(plan, section).items():
            if thing.extension is not None:
                yield f"{section}.{key}.extension", thing.extension


def _hiding_a_short_number(plan: p.Plan) -> Iterable[Fault]:
    """Extensions that would keep our own phones from dialling 112."""
    dialled = {pattern.text: route.name for route in plan.outbound_routes for pattern in route.numbers}
    reserved = reserved_extensions(plan.organisation.country)
    for path, extension in _extensions(plan):
        if extension in reserved:
            yield Fault(path, f'extension "{extension}" is kept free for emergency numbers; choose another')
        elif extension in dialled:
            route = dialled[extension]
            yield Fault(path, f'extension "{extension}" is a number of outbound route "{route}"; choose another')


def _endpoints(plan: p.Plan) -> Iterable[tuple[str, str]]:
    """Asterisk has trunks and phones in one file, by their names."""
    yield from ((f"trunks.{key}", key) for key in plan.trunks)
    for person in plan.people.values():
        for phone in person.phones.values():
            if phone.endpoint is not None:
                yield f"people.{person.key}.phones.{phone.key}.endpoint", phone.endpoint


def _repeated(thing: str, values: Iterable[tuple[str, str]]) -> Iterable[Fault]:
    first: dict[str, str] = {}
    for path, value in values:
        if value and first.setdefault(value, path) != path:
            yield Fault(path, f'{thing} "{value}" is already used at {first[value]}')


def _is_its_own_ancestor(units: Mapping[str, p.Unit], key: str) -> bool:
    above, seen = units[key].parent, set[str]()
    while above is not None and above in units and above not in seen:
        if above == key:
            return True
        seen.add(above)
        above = units[above].parent
    return False
