"""Packages that a model's code needs, in a folder that its workers alone look into, behind the program's own.

pip is the machine's own, as it is configured there. It takes wheels alone, so that nobody's code runs outside a worker,
and keeps every package that the program has: a requirement that needs another version of one cannot be met.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from onnx_export_action.errors import RunError, SurroundingsError, UsageError
from onnx_export_action.log import Log
from onnx_export_action.workers.client import Host

_FOLDER = "packages"
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NETRC")
_ALSO = re.compile(r"PIP_\w+|(https?|no|all)_proxy", re.IGNORECASE)
_NO_NETWORK = re.compile(r"NewConnectionError|Temporary failure in name|ConnectTimeout|ReadTimeout|ProxyError|SSLError")
_ADVICE = re.compile(r"^ERROR: (?!ResolutionImpossible)")


def installed_in(work: Path) -> str | None:
    """The folder that `install` filled; None where nothing was asked for."""
    folder = work / _FOLDER
    return str(folder) if folder.is_dir() else None


def install(requirements: Path, work: Path, host: Host, log: Log) -> None:
    """Resolve against what the program has, then install what it has not."""
    folder = work / _FOLDER
    folder.mkdir()
    if host.user is not None:
        os.chown(folder, host.user, host.user)
    with tempfile.TemporaryDirectory(prefix="onnx-export-") as home:
        os.chmod(home, 0o755)
        kept = Path(home) / "constraints.txt"
        kept.write_text("".join(f"{line}\n" for line in _own_versions()), encoding="utf-8")
        wanted = ["--requirement", str(requirements), "--constraint", str(kept)]
        plan = json.loads(_pip(["--dry-run", "--quiet", "--report", "-", *wanted], host))
        chosen = sorted({f"{part['metadata']['name']}=={part['metadata']['version']}" for part in plan["install"]})
        log.line(f"{len(chosen)} packages beside the program's own: {', '.join(chosen) or 'none'}")
        if chosen:
            _pip(["--quiet", "--no-deps", "--target", str(folder), *chosen], host)


def _own_versions() -> list[str]:
    found = {dist.metadata["Name"]: dist.version.partition("+")[0] for dist in importlib.metadata.distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items() if name)


def _pip(arguments: list[str], host: Host) -> str:
    base = getattr(sys, "_base_executable", sys.executable)  # the program's own interpreter has no pip
    command = [base, "-m", "pip", "--python", sys.executable, "--disable-pip-version-check", "--no-input", "install"]
    given = {name: value for name, value in host.environment.items() if name in _PASSED_ON or _ALSO.fullmatch(name)}
    if host.user is not None:
        given.pop("HOME", None)
    as_user: dict[str, Any] = {} if host.user is None else {"user": host.user, "group": host.user, "extra_groups": []}
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [*command, "--no-cache-dir", "--only-binary", ":all:", *arguments],
            env=given,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=host.timeout_seconds,
            check=False,
            **as_user,
        )
    except subprocess.TimeoutExpired:
        raise SurroundingsError(
            f"`requirements` were not installed within {host.timeout_seconds:.0f} s.", "Raise `timeout`."
        ) from None
    if done.returncode:
        raise _failure(re.sub(r"\S*/(?=\S+\.\w+\b)", "", done.stderr))
    return done.stdout


def _failure(said: str) -> RunError:
    if "No module named pip" in said:
        return SurroundingsError("`requirements` need pip, which this machine's Python lacks.", "Install python3-pip.")
    lines = [_ADVICE.sub("", line) for line in said.splitlines() if _ADVICE.match(line)]
    cause = (lines or ["pip gave no reason"])[0].split(" because these package versions")[0].strip().rstrip(".")[:300]
    if _NO_NETWORK.search(said):
        return SurroundingsError(
            f"`requirements` cannot be installed, the index does not answer: {cause}.", "Run it again."
        )
    conflicts = "conflict" in said
    reason = " It needs another version of a package that this program has." if conflicts else ""
    return UsageError(
        f"`requirements` cannot be installed: {cause}.{reason}",
        "Only wheels are installed, and the program's own packages (torch, numpy, transformers, ...) stay as they are.",
    )
