"""`doctor`: what this installation can export and run, as its own workers tell it; never a token, never a variable."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import Any

from onnx_export_action import __version__, environment
from onnx_export_action.errors import SurroundingsError
from onnx_export_action.exporters import ladder
from onnx_export_action.log import Log
from onnx_export_action.report import units
from onnx_export_action.settings import Settings
from onnx_export_action.sources import capacity
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure

SERVICE = "onnx_export_action.examination"

_TENSORFLOW = "tensorflow"
# What an interpreter must be able to import; its routes are known by the last.
_OF_TRANSFORMERS = ("torch", "transformers")
_LIBRARIES_OF = {_TENSORFLOW: ("tensorflow", "keras", "tf2onnx")}


def examine(settings: Settings, surroundings: dict[str, str], user: int | None, log: Log) -> int:
    """Print all of it; the exit status is 0 where every route can be used, else 4."""
    with log.group(f"onnx-export-action {__version__}"):
        for line in _machine(settings.workspace):
            log.line(line)
    host = Host(settings.timeout, capacity.available_memory(), user, surroundings)
    told = {name: _told(name, path, host, log) for name, path in _interpreters().items()}
    with log.group("Interpreters"):
        for name, answer in told.items():
            log.line(f"{name}: {_libraries(answer)}")
    with log.group("Routes"):
        usable = [_route(route, told, log) for route in (*ladder.ORDER, *_made_already(told))]
        if not _made_already(told):
            log.line(f"· {_TENSORFLOW}: its interpreter is made when a model of TensorFlow first needs it")
    with log.group("ONNX Runtime"):
        log.line(_runtime(told["main"]))
    with log.group("Workers"):
        log.line(_sandbox(told["main"]))
    return 0 if all(usable) else SurroundingsError.exit_status


def _interpreters() -> dict[str, Path]:
    found = {"main": interpreters.main(), "optimum": interpreters.optimum()}
    return {**found, _TENSORFLOW: interpreters.tensorflow()} if interpreters.tensorflow().is_file() else found


def _made_already(told: dict[str, Any]) -> tuple[str, ...]:
    return (_TENSORFLOW,) if _TENSORFLOW in told else ()


def _machine(workspace: Path) -> list[str]:
    here = environment.describe()
    memory = f"{units.size(capacity.available_memory())} of {units.size(here.memory_bytes)} of memory available"
    container = "in a container" if Path("/.dockerenv").exists() else "in no container of Docker's"
    return [
        f"{here.kernel} on {platform.machine()}, {here.cpu}, {container}",
        f"{units.plural(here.cores, 'core')}, {memory}, {units.size(shutil.disk_usage(workspace).free)} of disk free",
    ]


def _told(name: str, interpreter: Path, host: Host, log: Log) -> dict[str, Any]:
    """A worker's answer, or why there is none."""
    try:
        with Worker(interpreters.require(interpreter), SERVICE, host, log) as worker:
            return dict(worker.call("describe", needed=[*_LIBRARIES_OF.get(name, _OF_TRANSFORMERS), "onnx"]))
    except SurroundingsError as error:
        return {"broken": [str(error)]}
    except WorkerFailure as failure:
        return {"broken": [failure.cause]}


def _libraries(told: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in told.get("versions", {}).items())
    python = f"Python {told['python']}, {versions}" if versions else ""
    return "; ".join(part for part in (python, *told["broken"]) if part)


def _route(route: str, told: dict[str, Any], log: Log) -> bool:
    """One line on a route; whether it can be used."""
    name = route if route in told else "main"
    first, last = ladder.opsets(route)
    broken = told[name]["broken"]
    if broken:
        log.line(f"✗ {route} cannot be used: {broken[0]}")
    else:
        library = _LIBRARIES_OF.get(name, _OF_TRANSFORMERS)[-1]
        log.line(f"✓ {route}: opsets {first} to {last}, {library} {told[name]['versions'][library]}")
    return not broken


def _runtime(told: dict[str, Any]) -> str:
    providers = ", ".join(told.get("providers", ())) or "none"
    version = told.get("versions", {}).get("onnxruntime", "not installed")
    return f"{version}; providers: {providers}; files are proven and timed with CPUExecutionProvider"


def _sandbox(told: dict[str, Any]) -> str:
    if "network" not in told:
        return "No worker answered, so what they may do is not known."
    network = "a network, which this host does not let them leave" if told["network"] else "no network"
    user = "root, as the program itself is" if told["root"] else "not root"
    return f"Workers have {network}; they are {user}; no token is in their environment."
