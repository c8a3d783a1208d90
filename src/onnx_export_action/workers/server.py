"""The child's side: enter the sandbox, build the service, answer requests until the input ends.

    python -m onnx_export_action.workers.server SERVICE_MODULE REPLY_FD USER|-

A service module has a class `Service`; its public methods are the operations.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import sys
import traceback
from typing import Any, TextIO

from onnx_export_action.workers import sandbox
from onnx_export_action.workers.protocol import FORGET, WAKE, Refusal


def serve(service: Any, requests: TextIO, replies: TextIO) -> None:
    """Answer each request line with one reply line."""
    own = os.getpid()
    for line in requests:
        request = json.loads(line)
        if request["operation"] == FORGET:
            service, answer = type(service)(), {"ok": True, "value": None}
            _give_back_memory()
        elif request["operation"] == WAKE:
            answer = {"ok": True, "value": None}  # it has imported all that it needs
        else:
            answer = _answer(service, request["operation"], request["arguments"])
        if os.getpid() != own:
            os._exit(0)  # a model's code has forked, and its child came back here too
        replies.write(json.dumps(answer) + "\n")
        replies.flush()
        if request["operation"] != WAKE:
            gc.freeze()  # what the first request loaded stays, and is not looked through again
            gc.enable()


def _give_back_memory() -> None:
    gc.unfreeze()  # what was kept from the collector may be of the model that is gone
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _answer(service: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": True, "value": getattr(service, operation)(**arguments)}
    except Refusal as refusal:
        return _failure(refusal.kind, refusal.cause, refusal.hint)
    except MemoryError:
        return _failure("surroundings", "The worker ran out of memory.", "Use a runner with more memory.")
    # SystemExit and KeyboardInterrupt too: code of a model must not end the worker without a reply.
    except BaseException as error:
        first = _first_cause(error)
        return _failure("unknown", f"{type(first).__name__}: {first}", "")


def _first_cause(error: BaseException) -> BaseException:
    """The error that started it: exporters wrap it in pages of advice of their own."""
    return _first_cause(error.__cause__) if error.__cause__ is not None else error


def _failure(kind: str, cause: str, hint: str) -> dict[str, Any]:
    return {"ok": False, "kind": kind, "cause": cause, "hint": hint, "traceback": traceback.format_exc()}


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def main() -> None:
    """Run as the child process."""
    module, reply_fd, user = sys.argv[1:4]
    sandbox.enter(None if user == "-" else int(user))
    replies = os.fdopen(int(reply_fd), "w", encoding="utf-8")
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    # A child of a model's code may neither take a request nor hold the reply open.
    os.register_at_fork(after_in_child=lambda: _close(replies.fileno(), requests.fileno()))
    # A library that reads the standard input must find it empty instead of eating requests.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Loading frameworks makes millions of objects that all stay: collecting meanwhile takes a quarter of the time.
    gc.disable()
    serve(importlib.import_module(module).Service(), requests, replies)
    replies.flush()
    sys.stdout.flush()
    # Frameworks take seconds to tear down what the kernel frees at once.
    os._exit(0)


if __name__ == "__main__":
    main()
