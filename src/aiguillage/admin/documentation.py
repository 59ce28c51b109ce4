"""/api/docs: the description of the API as a page to read. It is made here: nothing is loaded from elsewhere."""

import functools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
}
_STYLE = """body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}
summary{cursor:pointer;padding:.2rem 0}code,pre{font:.9rem/1.4 ui-monospace,monospace}
pre{overflow:auto;background:#f4f4f4;padding:.5rem;color:#222}
td,th{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0}details details{margin-left:1rem}"""


@router.get("/api/docs")
def read(request: Request) -> HTMLResponse:
    return HTMLResponse(_page(json.dumps(request.app.openapi())), headers=_HEADERS)


@functools.lru_cache(maxsize=1)
def _page(description: str) -> str:
    told = json.loads(description)
    title = f"{escape(told['info']['title'])} {escape(told['info']['version'])}"
    return "\n".join(
        [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: REST API</title>',
            f"<style>{_STYLE}</style></head><body><main><h1>{title}: REST API</h1>",
            '<p>For programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
            *_operations(told),
            "<h2>Schemas</h2>",
            *_schemas(told),
            "</main></body></html>",
        ]
    )


def _operations(told: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            for tag in operation.get("tags", ["more"]):
                by_tag[tag].append(_operation(method, path, operation))
    for tag, operations in by_tag.items():
        yield f"<h2>{escape(tag.replace('_', ' '))}</h2>"
        yield from operations


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    scopes = sorted({scope for each in operation.get("security", ()) for needed in each.values() for scope in needed})
    bodies = operation.get("requestBody", {}).get("content", {}).items()
    answers = [(status, _named(answer)) for status, answer in operation["responses"].items()]
    parts = [
        f"<p>{escape(operation.get('description', ''))}</p>",
        f"<p>Needs {escape(', '.join(scopes))}.</p>" if scopes else "",
        _table(
            (f"{each['name']} ({each['in']})", _type(each["schema"]), each.get("description", ""))
            for each in operation.get("parameters", ())
        ),
        *(f"<p>Body: <code>{escape(kind)}</code> {_type(content.get('schema', {}))}</p>" for kind, content in bodies),
        _table((status, name, "") for status, name in answers),
    ]
    summary = f"<code>{method.upper()} {escape(path)}</code> {escape(operation.get('summary', ''))}"
    return f'<details id="{escape(operation["operationId"])}"><summary>{summary}</summary>{"".join(parts)}</details>'


def _named(answer: Mapping[str, Any]) -> str:
    if "$ref" in answer:
        return "a problem"
    contents = (_type(content.get("schema", {})) for content in answer.get("content", {}).values())
    return " or ".join(dict.fromkeys(contents)) or escape(answer.get("description", ""))


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    found = "".join(
        f"<tr><th>{escape(first)}</th><td>{kind}</td><td>{escape(said)}</td></tr>" for first, kind, said in rows
    )
    return f"<table>{found}</table>" if found else ""


def _type(schema: Mapping[str, Any]) -> str:
    """In HTML: a link to a named schema, or what it is."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "anything")
    return escape(" or ".join(kind) if isinstance(kind, list) else str(kind))


def _schemas(told: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(told["components"]["schemas"].items()):
        text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
        yield f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary><pre>{text}</pre></details>'
