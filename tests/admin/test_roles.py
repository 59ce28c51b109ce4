"""What HTTP serves beside a node, and what a desk says of its nodes and of calls that it cannot see."""

from dataclasses import replace

from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.admin.app import create_node_app
from aiguillage.desk.live import LiveCalls
from tests.admin.asking import Service, operations, problem


def test_a_node_says_how_it_is_and_nothing_else(service: Service, client: TestClient) -> None:
    with TestClient(create_node_app(service.parts())) as node:
        assert node.get("/healthz").json() == {"alive": True}
        assert node.get("/readyz").json()["parts"]["database"]["ok"]
        assert node.get("/metrics").status_code == 401
        for method, path in (*operations(client), ("get", "/api/openapi.json"), ("get", "/welcome"), ("get", "/")):
            assert node.request(method, path).status_code == 404, path
        node.headers["authorization"] = client.headers["authorization"]
        assert node.get("/metrics").status_code == 200


def test_a_desk_tells_the_version_that_its_nodes_follow(app: FastAPI, client: TestClient) -> None:
    app.state.parts = replace(app.state.parts, followed=lambda: (6, 7))
    told = client.get("/readyz").json()
    assert (told["plan_version"], told["refused_version"]) == (6, 7)
    app.state.parts = replace(app.state.parts, followed=lambda: (0, 0))
    told = client.get("/readyz").json()
    assert (told["plan_version"], told["refused_version"]) == (None, None)


def test_a_desk_does_not_say_that_there_are_no_calls(app: FastAPI, client: TestClient) -> None:
    app.state.parts = replace(app.state.parts, live=LiveCalls(elsewhere=True))
    for path in ("", "/events"):
        assert "this service is a desk" in problem(client.get(f"/api/v1/calls/live{path}"), 503)["detail"]
