# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.json holds together: references lead somewhere, every example fits its schema."""
import json
import re

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tree import error_codes, text



def once(members):
    """Of two members with one name each reader would see another."""
    names = [name for name, _ in members]
    assert len(names) == len(set(names)), [n for n in names if names.count(n) > 1]
    return dict(members)


API = json.loads(text("docs/openapi.json"), object_pairs_hook=once)
COMPONENTS = API["components"]


def validate(value, schema):
    # References in the schema are written from the top of the document.
    Draft202012Validator({**schema, "components": COMPONENTS}).validate(value)


def walk(node, at="#"):
    yield at, node
    children = node.items() if isinstance(node, dict) else \
        enumerate(node) if isinstance(node, list) else []
    for key, child in children:
        if key not in ("example", "const", "enum"):
            yield from walk(child, f"{at}/{key}")


def exemplified():
    """Everything that has a schema and could have an example: parameters, headers, bodies."""
    return [(at, node) for at, node in walk({"paths": API["paths"],
                                             "responses": COMPONENTS["responses"]})
            if isinstance(node, dict) and "schema" in node]


def lookup(reference):
    node = API
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_references_lead_somewhere_and_nothing_is_left_over():
    used = {node["$ref"] for _, node in walk(API) if isinstance(node, dict) and "$ref" in node}
    for reference in used:
        assert lookup(reference), reference
    for kind in ("schemas", "responses"):
        assert not [n for n in COMPONENTS[kind] if f"#/components/{kind}/{n}" not in used]


@pytest.mark.parametrize("name", COMPONENTS["schemas"])
def test_schemas_are_schemas(name):
    Draft202012Validator.check_schema(COMPONENTS["schemas"][name])


@pytest.mark.parametrize("at, node", exemplified(), ids=[at for at, _ in exemplified()])
def test_examples_fit_their_schemas(at, node):
    if node["schema"].get("format") == "binary":
        return  # bytes: nothing to show in JSON
    validate(node["example"], node["schema"])


def test_path_parameters_are_those_of_the_path():
    for path, item in API["paths"].items():
        for operation in item.values():
            named = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path"]
            assert named == re.findall(r"\{(\w+)\}", path), path


def test_names_of_operations_are_unique():
    names = [o["operationId"] for item in API["paths"].values() for o in item.values()]
    assert len(names) == len(set(names))


def test_problems_are_those_of_their_code():
    codes = error_codes()
    for name, response in COMPONENTS["responses"].items():
        example = response["content"]["application/problem+json"]["example"]
        assert (example["title"], example["status"], "retryable" in example) == \
            codes[example["code"]], name
    for item in API["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if "$ref" not in response:
                    continue
                shared = lookup(response["$ref"])
                example = shared["content"]["application/problem+json"]["example"]
                assert example["status"] == int(status), operation["operationId"]
                # Codes that the description names have this status as well.
                for code in re.findall(r"`(\w+)`", shared["description"]):
                    assert codes[code][1] == int(status), f"{status}: {code}"


def test_the_protocols_examples_fit_as_well():
    """State and ack go over both roads; the documents must mean the same."""
    examples = re.findall(r"```json (\w+)\n(.*?)\n```", text("docs/PROTOCOL.md"))
    schemas = {"state": "State", "ack": "Ack", "tour": "TourDocument"}
    met = set()
    for kind, line in examples:
        if schemas.get(kind):
            value = json.loads(line)
            value.pop("type", None)
            validate(value, COMPONENTS["schemas"][schemas[kind]])
            met.add(kind)
    assert met == {"state", "ack", "tour"}


@pytest.mark.parametrize("name, wrong", [
    ("Ack", {"group": "weavers", "cmd_id": "xyz", "epoch": 1, "rev": 4, "at": 3603976133}),
    ("Command", {"do": "seek"}),
    ("Problem", {"type": "about:blank", "title": "?", "status": 404, "code": "lost"}),
    ("GroupShown", {}),
])
def test_what_is_wrong_is_refused(name, wrong):
    with pytest.raises(ValidationError):
        validate(wrong, COMPONENTS["schemas"][name])
