"""GitHub's published description of its REST API, and whether a request and a reply are as it says."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema

from tests.integration import node

_REFERENCE = "#/components/"


class NotAsDescribed(AssertionError):
    """A request or a reply that GitHub's description does not allow."""


def _file() -> Path:
    return node.module("@octokit", "openapi", "generated", "api.github.com.json")


@cache
def _description() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_file().read_text(encoding="utf-8"))
    return content


@cache
def example(name: str) -> dict[str, Any]:
    """One of the description's own examples."""
    value: dict[str, Any] = _description()["components"]["examples"][name]["value"]
    return value


def check_request(method: str, address: str, body: bytes) -> None:
    """Raises for an operation that does not exist, a parameter or a body that it does not take."""
    operation = _operation(method, address)
    parameters = [_resolved(parameter) for parameter in operation.get("parameters", ())]
    known = {parameter["name"]: parameter["schema"] for parameter in parameters if parameter["in"] == "query"}
    for name, value in parse_qsl(urlsplit(address).query, keep_blank_values=True):
        if name not in known:
            raise NotAsDescribed(f"{method} {address}: no parameter {name!r}")
        _validate(int(value) if known[name].get("type") == "integer" else value, known[name])
    if "requestBody" in operation:
        taken = operation["requestBody"]["content"]
        if "application/json" in taken:
            _validate(json.loads(body), taken["application/json"]["schema"])
    elif body:
        raise NotAsDescribed(f"{method} {address}: takes no body")


def check_reply(method: str, address: str, status: int, body: bytes) -> None:
    """Raises for a status that is not described, or a body unlike its schema."""
    answers = _operation(method, address)["responses"]
    if str(status) not in answers:
        raise NotAsDescribed(f"{method} {address}: no status {status}")
    content = _resolved(answers[str(status)]).get("content", {})
    if "application/json" in content:
        # The prose names this state of an asset, the list of states forgets it.
        known = body.replace(b'"state": "starter"', b'"state": "open"')
        _validate(json.loads(known), content["application/json"]["schema"])
    elif body:
        raise NotAsDescribed(f"{method} {address}: no body with status {status}")


def check_event(webhook: str, event: dict[str, Any]) -> None:
    """Raises for an event's payload unlike its webhook's."""
    _validate(event, {"$ref": f"#/components/schemas/webhook-{webhook}"})


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    paths = _description()["paths"].items()
    return [(re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(path))), each) for path, each in paths]


def _operation(method: str, address: str) -> dict[str, Any]:
    path = urlsplit(address).path
    for pattern, operations in _patterns():
        if pattern.fullmatch(path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise NotAsDescribed(f"{method} {path}: no such operation")


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        _, kind, name = node["$ref"].removeprefix("#/").split("/")
        node = _description()["components"][kind][name]
    return node


def _validate(value: Any, schema: dict[str, Any]) -> None:
    _validate_text(json.dumps(value), json.dumps(schema))


@cache
def _validate_text(value: str, schema: str) -> None:
    """Once for what is said again and again: a workflow run takes a quarter of a second."""
    try:
        _validator(schema).validate(json.loads(value))
    except jsonschema.ValidationError as error:
        raise NotAsDescribed(str(error)) from error


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    """OpenAPI 3.0 in the words of JSON Schema, with the schemas that it refers to."""
    root, components, waiting = json.loads(schema), {}, [json.loads(schema)]
    while waiting:
        for name in set(re.findall(r'"#/components/schemas/([\w.-]+)"', json.dumps(waiting.pop()))) - set(components):
            components[name] = _description()["components"]["schemas"][name]
            waiting.append(components[name])
    whole = {**_with_null(root), "components": {"schemas": {k: _with_null(each) for k, each in components.items()}}}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())


def _with_null(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_null(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _with_null(value) for key, value in node.items() if key not in ("nullable", "example", "examples")}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain
