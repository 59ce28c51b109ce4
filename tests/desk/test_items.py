"""Single things of the draft: read, added, changed, taken out, and what two who edit the same thing are told."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk import editing, items, publishing
from aiguillage.desk.editing import Editor
from aiguillage.errors import ChangedMeanwhile, Conflict, DocumentRefused, InUse, NotFound
from aiguillage.routing.document import dump
from aiguillage.store import audit
from aiguillage.store.database import Database
from tests.unit.examples import PLAN

CLAIRE, MARC = Editor("claire", "request-1"), Editor("marc", "request-2")
NINA = {"name": "Nina Collard", "phones": {"gsm": {"kind": "gsm", "number": "+32470000104"}}}


@pytest.fixture
def draft(database: Database) -> Database:
    editing.apply(database, dump(PLAN))
    return database


def audited(database: Database) -> list[tuple[str, str, str]]:
    with database.reading() as session:
        assert audit.first_fault(session)[2] is None
        return [(each.actor, each.action, each.thing) for each in audit.entries(session)][1:]  # without the example


def test_a_thing_is_added_read_changed_and_taken_out(draft: Database) -> None:
    nina = items.add(draft, "people", "nina", NINA, CLAIRE)
    assert (nina.key, nina.body) == ("nina", NINA)
    assert items.item(draft, "people", "nina") == nina
    assert [each.key for each in items.items(draft, "people")][-1] == "nina"
    named = items.patch(draft, "people", "nina", {"extension": "204", "phones": {"gsm": None}}, {nina.revision}, CLAIRE)
    assert named.body == {"name": "Nina Collard", "extension": "204"}
    again = items.replace(draft, "people", "nina", NINA, {named.revision}, MARC)
    assert again == nina, "the same body has the same revision"
    items.remove(draft, "people", "nina", {again.revision}, MARC)
    with pytest.raises(NotFound, match='people has no "nina"'):
        items.item(draft, "people", "nina")
    assert editing.draft(draft) == dump(PLAN)
    assert audited(draft) == [
        ("claire", "add", "people/nina"),
        ("claire", "change", "people/nina"),
        ("marc", "change", "people/nina"),
        ("marc", "remove", "people/nina"),
    ]


def test_what_changes_nothing_is_not_noted(draft: Database) -> None:
    claire = items.item(draft, "people", "claire")
    assert items.patch(draft, "people", "claire", {"name": "Claire Dubois"}, {claire.revision}, CLAIRE) == claire
    assert audited(draft) == []


def test_a_change_of_one_thing_leaves_the_revisions_of_all_others(draft: Database) -> None:
    before = {each.key: each.revision for each in items.items(draft, "people")}
    items.patch(draft, "people", "claire", {"extension": "221"}, None, CLAIRE)
    items.add(draft, "people", "nina", NINA, CLAIRE)
    after = {each.key: each.revision for each in items.items(draft, "people")}
    assert {key for key in before if before[key] != after[key]} == {"claire"}


def test_routes_go_by_their_names_and_keep_their_places(draft: Database) -> None:
    names = [each.key for each in items.items(draft, "inbound_routes")]
    renamed = items.patch(draft, "inbound_routes", "shop", {"name": "boutique"}, None, CLAIRE)
    assert renamed.key == "boutique"
    assert [each.key for each in items.items(draft, "inbound_routes")] == [
        "boutique" if name == "shop" else name for name in names
    ]
    with pytest.raises(DocumentRefused, match="already used"):
        items.patch(draft, "inbound_routes", "boutique", {"name": "nuisance"}, None, CLAIRE)
    assert (
        items.replace(draft, "inbound_routes", "boutique", renamed.body | {"name": "shop"}, None, CLAIRE).key == "shop"
    )


def test_routes_are_put_in_another_order(draft: Database) -> None:
    found = items.items(draft, "inbound_routes")
    names = [each.key for each in found]
    moved = [names[-1], *names[:-1]]
    assert [each.key for each in items.reorder(draft, "inbound_routes", moved, {items.order(found)}, CLAIRE)] == moved
    with pytest.raises(ChangedMeanwhile, match="has another order by now"):
        items.reorder(draft, "inbound_routes", names, {items.order(found)}, MARC)
    for wrong in (names[1:], [*names, "more"], [*names, names[0]]):
        with pytest.raises(DocumentRefused, match="name each of these once"):
            items.reorder(draft, "inbound_routes", wrong, None, MARC)


def test_sections_that_are_one_thing(draft: Database) -> None:
    organisation = items.item(draft, "organisation", "")
    changed = items.patch(draft, "organisation", "", {"name": "Patros"}, {organisation.revision}, CLAIRE)
    assert changed.body["name"] == "Patros"
    never = items.item(draft, "never_dial", "")
    items.replace(draft, "never_dial", "", ["+32900*"], {never.revision}, CLAIRE)
    assert items.item(draft, "never_dial", "").body == ["+32900*"]
    with pytest.raises(DocumentRefused, match="steps: is empty"):
        items.replace(draft, "last_resort", "", {"steps": []}, None, CLAIRE)


def test_a_key_is_taken_once(draft: Database) -> None:
    with pytest.raises(Conflict, match='people has "claire" already'):
        items.add(draft, "people", "claire", NINA, CLAIRE)
    with pytest.raises(DocumentRefused, match="is no key"):
        items.add(draft, "people", "Nina Collard", NINA, CLAIRE)


def test_what_others_need_cannot_be_taken_out_and_they_are_named(draft: Database) -> None:
    with pytest.raises(InUse, match="first take it out of") as refused:
        items.remove(draft, "people", "julie", None, CLAIRE)
    assert refused.value.users == ("units.liege.mandates[0].person",)
    assert items.item(draft, "people", "julie")


@pytest.mark.parametrize("body", [None, 3, "text", [], {}, {"nmae": "Nina"}, {"name": "Nina", "extension": "112"}])
def test_a_body_that_is_none_is_refused_and_nothing_changes(draft: Database, body: Any) -> None:
    with pytest.raises(DocumentRefused):
        items.add(draft, "people", "nina", body, CLAIRE)
    with pytest.raises(DocumentRefused):
        items.replace(draft, "people", "claire", body, None, CLAIRE)
    for section in ("inbound_routes", "last_resort", "organisation"):
        with pytest.raises(DocumentRefused):
            items.replace(draft, section, "shop" if section == "inbound_routes" else "", body, None, CLAIRE)
    assert editing.draft(draft) == dump(PLAN)
    assert audited(draft) == []


# --- two at once ---


def test_the_second_of_two_is_told_who_changed_what(draft: Database) -> None:
    known = items.item(draft, "people", "claire").revision
    publishing.publish(draft, datetime.now(UTC), "tests", "")
    items.patch(draft, "people", "claire", {"extension": "221", "languages": ["nl"]}, {known}, CLAIRE)
    with pytest.raises(ChangedMeanwhile, match="was changed meanwhile by claire at ") as refused:
        items.patch(draft, "people", "claire", {"extension": "222"}, {known}, MARC)
    assert "changed extension" in str(refused.value)
    assert "languages" in str(refused.value)
    known = items.item(draft, "people", "claire").revision
    items.patch(draft, "people", "claire", {"extension": "223"}, {known}, CLAIRE)
    with pytest.raises(ChangedMeanwhile, match=r"by claire at .*: changed extension; read it again"):
        items.remove(draft, "people", "claire", {known}, MARC)


def test_what_a_colleague_took_out_meanwhile(draft: Database) -> None:
    nina = items.add(draft, "people", "nina", NINA, CLAIRE)
    items.remove(draft, "people", "nina", {nina.revision}, CLAIRE)
    with pytest.raises(ChangedMeanwhile, match='people "nina" was taken out meanwhile by claire at '):
        items.patch(draft, "people", "nina", {"name": "Nina"}, {nina.revision}, MARC)


def test_edits_at_once_lose_nothing(draft: Database) -> None:
    """Each of eight adds ten to a counter that all share, reading again whenever somebody was faster."""
    failed: list[Exception] = []

    def worker(name: str) -> None:
        try:
            for _ in range(10):
                while True:
                    found = items.item(draft, "categories", "parent")
                    word, _, number = found.body["name"].partition(" ")
                    body = {"name": f"{word} {int(number or 0) + 1}"}
                    try:
                        items.replace(draft, "categories", "parent", body, {found.revision}, Editor(name))
                        break
                    except ChangedMeanwhile:
                        continue
        except Exception as wrong:  # noqa: BLE001  told by the test, in its own thread
            failed.append(wrong)

    workers = [threading.Thread(target=worker, args=(f"worker {number}",)) for number in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert failed == []
    assert items.item(draft, "categories", "parent").body == {"name": "Parent 80"}
    assert len(audited(draft)) == 80


# --- merge patches ---

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@pytest.mark.parametrize(
    "body, changes, wanted",
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_are_those_of_the_rfc(body: Any, changes: Any, wanted: Any) -> None:
    assert items.merged(body, changes) == wanted


@given(JSON, JSON)
def test_a_merge_patch_twice_is_a_merge_patch_once(body: Any, changes: Any) -> None:
    once = items.merged(body, changes)
    assert items.merged(once, changes) == once
