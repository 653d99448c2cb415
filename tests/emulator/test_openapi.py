"""The OpenAPI document, and the emulator asked by what reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from filesync.emulator import openapi
from filesync.emulator.app import create_app
from filesync.emulator.server import embedded
from filesync.emulator.server_types import SERVER_TYPES
from tests.emulator.conftest import KEY

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded(str(tmp_path_factory.mktemp("openapi")), api_key=KEY) as url:
        yield url


OPERATIONS = [
    (path, method)
    for path, methods in openapi.document(SERVER_TYPES["openai"])["paths"].items()
    for method in methods
]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_breaks_it(served: str, path: str, method: str) -> None:
    document = openapi.document(SERVER_TYPES["openai"])
    document["servers"] = [{"url": served}]
    operation = schemathesis.openapi.from_dict(document)[path][method.upper()]

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        headers = {"authorization": f"Bearer {KEY}"}
        case.call_and_validate(base_url=served, headers=headers, checks=CHECKS)

    ask()


def test_every_route_is_in_it(tmp_path: Path) -> None:
    app = create_app(str(tmp_path))
    served = {
        (path.count("/"), path.split("/")[1], method.lower())
        for route in app.routes
        if isinstance(route, Route) and (path := route.path.removeprefix("/v1")) != route.path
        for method in (route.methods or set()) - {"HEAD"}
    }
    told = {(path.count("/"), path.split("/")[1], method) for path, method in OPERATIONS}
    app.state.store.close()
    assert told == served


@pytest.mark.parametrize("name", SERVER_TYPES)
def test_each_type_has_its_own(name: str) -> None:
    kind = SERVER_TYPES[name]
    document = openapi.document(kind)
    assert document["servers"] == [{"url": kind.path}]
    assert {path.split("/")[1] for path in document["paths"]} == kind.routes
    schemathesis.openapi.from_dict(document)
