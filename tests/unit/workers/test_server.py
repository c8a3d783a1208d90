"""One request line, one reply line; whatever the service does."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from onnx_export_action.workers import server
from onnx_export_action.workers.protocol import Refusal


class Service:
    def double(self, value: int) -> int:
        return 2 * value

    def refuse(self) -> None:
        raise Refusal("cause", "hint", "surroundings")

    def exit(self) -> None:
        raise SystemExit(3)

    def interrupt(self) -> None:
        raise KeyboardInterrupt

    def out_of_memory(self) -> None:
        raise MemoryError


def replies(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    lines, answers = io.StringIO("".join(json.dumps(request) + "\n" for request in requests)), io.StringIO()
    server.serve(Service(), lines, answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def request(operation: str, **arguments: Any) -> dict[str, Any]:
    return {"operation": operation, "arguments": arguments}


def test_serve__answers_in_order() -> None:
    assert replies(request("double", value=1), request("double", value=2)) == [
        {"ok": True, "value": 2},
        {"ok": True, "value": 4},
    ]


@pytest.mark.parametrize(
    ("operation", "arguments", "kind", "cause", "hint"),
    [
        ("refuse", {}, "surroundings", "cause", "hint"),
        ("exit", {}, "unknown", "SystemExit: 3", ""),
        ("interrupt", {}, "unknown", "KeyboardInterrupt: ", ""),
        ("out_of_memory", {}, "surroundings", "The worker ran out of memory.", "Use a runner with more memory."),
        ("nothing", {}, "unknown", "AttributeError: 'Service' object has no attribute 'nothing'", ""),
        ("double", {"other": 1}, "unknown", "TypeError: ", ""),
    ],
)
def test_serve__a_failure_is_a_reply_and_the_next_request_is_answered(
    operation: str, arguments: dict[str, int], kind: str, cause: str, hint: str
) -> None:
    failed, after = replies(request(operation, **arguments), request("double", value=1))
    assert (failed["ok"], failed["kind"], failed["hint"]) == (False, kind, hint)
    assert failed["cause"].startswith(cause)
    assert "Traceback" in failed["traceback"]
    assert after == {"ok": True, "value": 2}
