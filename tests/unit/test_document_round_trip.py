"""The plan document read, written and read again: nothing is lost; and no document breaks its reader."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiguillage.errors import DocumentRefused, Fault
from aiguillage.routing import plan as p
from aiguillage.routing.document import dump, load
from aiguillage.text_formats import read_json, read_yaml, write_json, write_yaml
from tests.unit.examples import PLAN, PLAN_TEXT
from tests.unit.plans import plans

DOCUMENT = read_yaml(PLAN_TEXT)


def test_the_example_loads_dumps_and_loads_again_equal() -> None:
    assert load(dump(PLAN)) == PLAN
    assert load(read_yaml(write_yaml(dump(PLAN)))) == PLAN
    assert load(read_json(write_json(dump(PLAN)))) == PLAN


def test_the_example_is_dumped_as_it_was_written_but_for_what_is_the_default_anyway() -> None:
    written = copy.deepcopy(DOCUMENT)
    del written["trunks"]["operator"]["forwarded_caller_id"]
    del written["ring_groups"]["reception"]["strategy"], written["ring_groups"]["reception"]["for"]
    del written["queues"]["front-desk"]["max_wait"]
    del written["inbound_routes"][1]["steps"][2]["for"]
    assert dump(PLAN) == written


def test_sections_keep_the_documents_order() -> None:
    assert list(dump(PLAN)) == list(DOCUMENT)
    assert list(PLAN.people) == ["claire", "marc", "julie", "sophie", "tom"]


@given(plans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_any_plan_survives_its_document(plan: p.Plan) -> None:
    document = dump(plan)
    assert load(document) == plan
    assert read_yaml(write_yaml(document)) == document
    assert read_json(write_json(document)) == document


def test_what_stands_in_the_data_twice_is_read_again() -> None:
    members = ["sophie", "tom"]
    groups = {"reception": {"members": members}, "shop": {"members": members}}
    assert read_yaml(write_yaml(groups)) == groups


# --- wrong documents ---

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 10**12),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "claire", "person:claire", "office", "22:00-06:00", "+32470000101", "\ud800", "a\nb"]),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3) | st.integers(0, 9), st.none(), max_size=2),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=3),
)


def every_place(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in the document with each of its keys or indexes."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from every_place(value[key])


@given(st.data(), st.integers(1, 3))
@settings(max_examples=300)
def test_a_document_changed_anywhere_loads_or_is_refused_with_paths(data: st.DataObject, changes: int) -> None:
    document = copy.deepcopy(DOCUMENT)
    for _ in range(changes):
        places = list(every_place(document))
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        change, odd = data.draw(st.sampled_from(["delete", "replace", "insert"])), data.draw(ODD)
        if change == "delete":
            del container[key]
        elif change == "replace":
            container[key] = odd
        elif isinstance(container, list):
            container.insert(key, odd)
        else:
            container[data.draw(st.text(max_size=5) | st.integers(0, 9))] = odd
    loads_or_is_refused(document)


@given(st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=8))
def test_any_data_loads_or_is_refused(document: Any) -> None:
    loads_or_is_refused(document)


def loads_or_is_refused(document: Any) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        plan = load(document)
        assert load(dump(plan)) == plan
    except DocumentRefused as refused:
        faults = refused.faults
        assert faults, "refused without a fault"
    for fault in faults:
        assert str(fault).isprintable()
        assert fault.path or fault.message.startswith("expected a mapping") or fault.message.endswith("is missing")


@given(st.text() | st.text("[]{}:,-?&*!|>'\"%@#ab \n\t0", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_yaml, read_json):
        try:
            read(text)
        except DocumentRefused as refused:
            assert refused.faults[0].message.startswith("not readable as")  # noqa: PT017


@pytest.mark.parametrize("opening", ["[", "{a: ", '{"a":', "- ", "? ", '[{"a":'])
def test_a_text_nested_without_end_is_refused(opening: str) -> None:
    for read in (read_yaml, read_json):
        with pytest.raises(DocumentRefused):
            read(opening * 100_000)


@pytest.mark.parametrize("depth", [300, 900])
def test_a_value_nested_deeply_is_refused_anywhere_it_stands(depth: int) -> None:
    nested: Any = []
    for _ in range(depth):
        nested = [nested]
    loads_or_is_refused(nested)
    document = copy.deepcopy(DOCUMENT)
    for container, key in list(every_place(document))[::3]:
        kept, container[key] = container[key], nested
        loads_or_is_refused(document)
        container[key] = kept
