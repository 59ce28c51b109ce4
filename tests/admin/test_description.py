"""The description of the API: the file in the repository, its examples, and the page that shows it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
from fastapi.testclient import TestClient

from aiguillage.admin.app import description

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_file_in_the_repository_is_the_description() -> None:
    """`make openapi` writes it anew: what changes for integrators is seen in the difference."""
    assert json.loads(FILE.read_text("utf-8")) == description()


def test_it_is_openapi_3_1_with_an_id_and_a_tag_for_each_operation() -> None:
    assert description()["openapi"].startswith("3.1")
    operations = [each for methods in description()["paths"].values() for each in methods.values()]
    ids = [each["operationId"] for each in operations]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("[a-z][A-Za-z]+", each) for each in ids)
    assert all(each["tags"] for each in operations)
    assert all(each["summary"] for each in operations)


def test_every_reference_is_there() -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    for reference in set(references(description())):
        found: Any = description()
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_example_fits_its_schema() -> None:
    schemas = description()["components"]["schemas"]
    tried = 0

    def walk(value: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(value, dict):
            if isinstance(value.get("examples"), list):
                yield from ((example, value) for example in value["examples"])
            for each in value.values():
                yield from walk(each)
        elif isinstance(value, list):
            for each in value:
                yield from walk(each)

    for example, schema in walk(description()):
        text = json.dumps({**schema.get("schema", schema), "$defs": schemas})
        resolved = json.loads(text.replace("#/components/schemas/", "#/$defs/"))
        jsonschema.Draft202012Validator(resolved).validate(example)
        tried += 1
    assert tried > 20


def test_the_page_loads_nothing_from_elsewhere(anybody: TestClient) -> None:
    page = anybody.get("/api/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.findall(r"<script|<link|<img|<iframe|url\(|src=", page.text)
    assert set(re.findall(r'href="([^#"][^"]*)"', page.text)) == {"/api/openapi.json"}
    anchors = set(re.findall(r'id="([^"]+)"', page.text))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= anchors
    ids = {each["operationId"] for methods in description()["paths"].values() for each in methods.values()}
    assert ids <= anchors
