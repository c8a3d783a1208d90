"""How a worker's code reports a failure that it understands; standard library only.

One request is one JSON line on the worker's standard input: `{"operation": ..., "arguments": {...}}`.
One reply is one JSON line on a pipe of its own, so that whatever a library prints is log, never protocol:
`{"ok": true, "value": ...}` or `{"ok": false, "kind": ..., "cause": ..., "hint": ..., "traceback": ...}`.
"""

from __future__ import annotations

from typing import Literal

# The operations that are the server's own.
FORGET = "forget"  # the service begins anew
WAKE = "wake"  # nothing: the reply says that it is ready

Kind = Literal["usage", "route", "surroundings", "unknown"]


class Refusal(Exception):
    """A cause that the worker can name: a wrong model (`usage`), or a limit of this route (`route`)."""

    def __init__(self, cause: str, hint: str = "", kind: Kind = "route") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.kind = kind
