"""The large federation of `make bench`: it is what it says, and read without a fault."""

from itertools import permutations

from bench import federation

from aiguillage.desk.contacts import read_csv
from aiguillage.routing.directory import directory_of
from aiguillage.routing.document import dump, load
from aiguillage.text_formats import read_yaml, write_yaml

PLAN = load(federation.document())


def test_it_is_as_large_as_it_says() -> None:
    levels = [unit.level for unit in PLAN.units.values()]
    assert [levels.count(level) for level in ("federal", "regional", "local")] == [1, 18, 240]
    assert len({unit.name for unit in PLAN.units.values()}) == 259
    assert (len(PLAN.people), len(PLAN.queues), len(PLAN.dids)) == (60, 2, 6)
    assert all(person.phones for person in PLAN.people.values())
    assert {len(person.phones) for person in PLAN.people.values()} == {1, 2}
    assert all(unit.mandates for unit in PLAN.units.values() if unit.level == "regional")
    assert min(map(len, (PLAN.ring_groups, PLAN.menus, PLAN.prompts, PLAN.voicemail_boxes))) >= 3


def test_no_extension_is_the_beginning_of_another_or_of_a_short_number() -> None:
    extended = [
        thing.extension
        for section in (PLAN.people, PLAN.ring_groups, PLAN.queues, PLAN.voicemail_boxes)
        for thing in section.values()
        if thing.extension is not None
    ]
    short = [number.text for route in PLAN.outbound_routes for number in route.numbers if number.text.isdigit()]
    assert {len(extension) for extension in extended} == {3, 4}
    assert not [pair for pair in permutations([*extended, *short], 2) if pair[1].startswith(pair[0])]


def test_it_is_the_same_each_time_and_goes_through_yaml() -> None:
    assert federation.contacts_csv() == federation.contacts_csv()
    assert load(read_yaml(write_yaml(federation.document()))) == load(dump(PLAN)) == PLAN


def test_its_directory_is_read_without_a_remark() -> None:
    found = read_csv(federation.contacts_csv(), PLAN)
    assert (len(found.contacts), found.problems) == (22_000, ())
    directory = directory_of(found.contacts)
    assert all(number.startswith(("+32471", "+3265")) for number in directory.by_number)
    assert any(len(sharing) > 1 for sharing in directory.by_number.values())
    assert {contact.unit for contact in found.contacts} == {key for key in PLAN.units if key.startswith("local")}
