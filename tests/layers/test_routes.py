# SPDX-License-Identifier: Apache-2.0
"""Routes and error codes: what the code has is what the documents say, and the reverse."""
import json
import re

from tree import error_codes, routes, text


def described():
    """docs/openapi.json as {(method, pattern): operation}, parameters written as "*"."""
    paths = json.loads(text("docs/openapi.json"))["paths"]
    return {(method.upper(), re.sub(r"\{\w+\}", "*", path)): operation
            for path, item in paths.items() for method, operation in item.items()
            if method != "parameters"}


def test_the_table_of_routes_was_read_whole():
    table = text("server/net/routes.c").split("\n};", 1)[0]
    rows = len(re.findall(r"^\s+\{METHOD_", table, re.M))
    assert len(routes()) == rows > 10


def test_every_route_is_described_and_no_other():
    assert sorted((m, p) for m, p, *_ in routes()) == sorted(described())


def test_operations_are_named_as_their_handlers():
    for method, pattern, _, _, handler in routes():
        name = described()[method, pattern]["operationId"]
        # A handler that serves two paths numbers the second.
        assert name == handler or re.fullmatch(handler + "_[a-z]+", name), f"{method} {pattern}"


def test_rights_and_bodies_are_described():
    for method, pattern, right, body, _ in routes():
        operation = described()[method, pattern]
        asked = operation.get("security", [])
        assert operation["x-role"] == right.lower(), f"{method} {pattern}: x-role"
        assert bool(asked) == (right != "ANYBODY"), f"{method} {pattern}: security"
        assert ("requestBody" in operation) == (body != "NONE"), f"{method} {pattern}: body"


def test_every_error_code_is_in_the_protocol():
    section = text("docs/PROTOCOL.md").split("## Errors", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    listed = [c for line in table for c in re.findall(r"`(\w+)`", line.split("|")[1])]
    codes = [c for c in error_codes() if c != "ok"]
    assert len(codes) > 20
    assert sorted(listed) == sorted(codes)


def test_every_error_code_is_in_the_problem_schema():
    schemas = json.loads(text("docs/openapi.json"))["components"]["schemas"]
    listed = schemas["Problem"]["properties"]["code"]["enum"]
    assert sorted(listed) == sorted(c for c in error_codes() if c != "ok")


def test_the_table_of_errors_was_read_whole():
    rows = len(re.findall(r"^\s+\[ERR_", text("common/base/err.c"), re.M))
    assert len(error_codes()) == rows
