"""The API as OpenAPI 3.1: units by the ends of names, security, problems, examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dosebus_web.api import given, problem
from dosebus_web.api.problem import Problem, WrongParameter
from dosebus_web.auth.gate import cookie_name
from dosebus_web.web import Web

UNITS: Mapping[str, str] = {
    "_mgycm": "mGy·cm", "_gym2": "Gy·m²", "_mgy": "mGy", "_gy": "Gy", "_mbq": "MBq", "_mas": "mAs", "_uas": "µAs",
    "_ma": "mA", "_kvp": "kV", "_kv": "kV", "_kg": "kg", "_cm": "cm", "_mm": "mm", "_m": "m", "_ms": "ms", "_s": "s",
    "_seconds": "s", "_deg": "°", "_degrees": "°", "_years": "years", "_hours": "h", "_percent": "%",
    "_bytes": "bytes", "_mm2": "mm²", "_mgy_per_gy": "mGy/Gy",
}  # fmt: skip
"""The unit of a quantity by the end of its name, longest first where two fit."""
ENDS = sorted(UNITS, key=len, reverse=True)
SESSION = {
    "type": "apiKey", "in": "cookie", "name": "dosebus",
    "description": "The cookie of a signed-in browser; for reading only.",
}  # fmt: skip
EXAMPLES: Mapping[str, Any] = {
    "study_instance_uid": "1.2.840.113619.2.1", "modality_type": "CT", "modality_types": ["CT"],
    "study_description": "CT thorax", "display_name": "CT 1", "manufacturer": "Siemens", "model": "SOMATOM Force",
    "state": "completed", "severity": "warning", "quantity": "dose_rp_gy", "requested_by": "anna", "listing": "ct",
    "file_format": "csv", "query": "date_from=2026-01-01", "outcome": "rejected", "reason_code": "unreadable",
    "kind": "study", "name": "CT thorax with contrast", "source": "study_description", "raw_name": "THORAX+KM",
}  # fmt: skip
"""Examples of texts by their key."""
BY_TYPE: Mapping[str, Any] = {
    "string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip
DEEPEST = 8
BY_FORMAT: Mapping[str, str] = {
    "uuid": "018f2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b", "date": "2026-01-31", "date-time": "2026-01-31T08:30:00Z",
}  # fmt: skip


def describe(app: FastAPI, here: Web) -> dict[str, Any]:
    """The description of the application's API."""
    document = get_openapi(
        title="DoseBus", version="1", description=app.description, routes=app.routes, servers=app.servers
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, WrongParameter):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}") | {}
        schemas[model.__name__].pop("$defs", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in _schemas(document):
        _complete(schema)
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes["session"] = SESSION | {"name": cookie_name(here)}
    for method, operation in _operations(document):
        operation.pop(given.OWN, None)
        operation["security"] = [{"HTTPBearer": []}] + ([{"session": []}] if method == "get" else [])
        if "requestBody" in operation:
            operation["responses"] |= {str(key): value for key, value in problem.answers(413).items()}
        _exemplify(operation, schemas)
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        yield from operations.items()


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema with properties, however deep."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for inner in node.values():
            yield from _schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _schemas(inner)


def _complete(schema: dict[str, Any]) -> None:
    """Units where the name tells one; times of devices have no zone, so they are no times of RFC 3339."""
    for key, described in schema["properties"].items():
        unit = next((UNITS[end] for end in ENDS if key.endswith(end)), None)
        if unit is not None and "x-unit" not in described:
            described["x-unit"] = unit
        for one in (described, *described.get("anyOf", ())):
            if one.get("format") == "time" or (
                one.get("format") == "date-time" and not key.endswith(INSTANTS)
            ):
                one.pop("format")


INSTANTS = ("_at", "_since", "_until")
"""Ends of the names of moments that DoseBus noted itself, with their zone; `study_at` is the device's."""


def _exemplify(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Give the successful JSON answer an example made of its schema."""
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if str(status).startswith("2") and content is not None and "example" not in content:
            content["example"] = example_of(content.get("schema", {}), schemas, 0)


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int, key: str = "") -> Any:
    """A value that fits a schema."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth, key)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas, depth, key)
    chosen = schema.get("examples") or schema.get("enum") or [None]
    if chosen[0] is not None:
        return chosen[0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind in ("object", "array") and depth < DEEPEST:
        return _nested(schema, schemas, depth, key)
    return _text(schema, key) if kind == "string" else BY_TYPE[kind]


def _nested(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int, key: str) -> Any:
    if "items" in schema:
        return EXAMPLES[key] if key in EXAMPLES else [example_of(schema["items"], schemas, depth + 1, key)]
    inner = schema.get("properties", {})
    empty = BY_TYPE[schema["type"]] if schema.get("type") == "array" else {}
    return {name: example_of(one, schemas, depth + 1, name) for name, one in inner.items()} or empty


def _text(schema: Mapping[str, Any], key: str) -> str:
    return BY_FORMAT.get(schema.get("format", ""), EXAMPLES.get(key, "text"))
