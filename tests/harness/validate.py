"""Validates values against schemas of an OpenAPI 3.1 document.

In, JSON on stdin: {"document": {…}, "values": [{"schema": "/components/schemas/Session", "value": …}]}
Out, JSON on stdout, for each value: a list of what is wrong with it.

Stricter than the schemas: a member that an object's schema does not name is wrong, since the contract
is meant to name everything that is answered.
"""

import json
import sys

from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

given = json.load(sys.stdin)
document = given["document"]


def references(node):
    if isinstance(node, dict):
        for member in node.get("allOf", []):
            if "$ref" in member:
                yield member["$ref"].rsplit("/", 1)[1]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


# Where a schema holds others that speak of the same object, and where these speak of objects within it that others describe.
PARTS = {"allOf", "if", "then", "else"}
VIEWS = {"if", "then", "else"}


def close(node, is_part, is_view=False):
    """Closes every object that is whole: one that is a part of another sees only its own part."""
    if isinstance(node, list):
        for child in node:
            close(child, is_part, is_view)
    elif isinstance(node, dict):
        for key, child in node.items():
            if key == "properties":
                for schema in child.values():
                    close(schema, is_view, is_view)
            else:
                close(child, is_view or key in PARTS, is_view or key in VIEWS)
        if ("allOf" in node or isinstance(node.get("properties"), dict)) and not is_part:
            node.setdefault("unevaluatedProperties", False)


schemas = document["components"]["schemas"]
parts = set(references(document))
for name, schema in schemas.items():
    close(schema, name in parts)

registry = Registry().with_resource("urn:contract", Resource(contents=document, specification=DRAFT202012))
problems = []
for one in given["values"]:
    validator = OAS31Validator(
        {"$ref": "urn:contract#" + one["schema"]}, registry=registry, format_checker=oas31_format_checker
    )
    problems.append(
        [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(one["value"])]
    )
json.dump(problems, sys.stdout)
