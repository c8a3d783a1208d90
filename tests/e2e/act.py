"""Workflows in a real runner, `act`, in a repository of a user's."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ACT = Path(sys.prefix) / "bin" / "act"
# The workflows' own steps need nothing but a shell, so the image's own base serves as the job's container.
JOB_IMAGE = "python:3.11-slim-bookworm"


@dataclass(frozen=True)
class Job:
    """What the runner said of a workflow; its log holds the job summary."""

    status: int
    log: str

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of all steps."""
        return dict(re.findall(r"::set-output:: ([\w-]+)=(.*)$", self.log, re.MULTILINE))

    @cached_property
    def annotations(self) -> list[str]:
        """The errors, warnings and notices, as the workflow's page shows them."""
        return re.findall(r"::(?:error|warning|notice)\b.*$", self.log, re.MULTILINE)

    def said_by(self, step: str) -> str:
        """What a step printed, by its name."""
        lines = self.log.splitlines()
        first = next(number for number, line in enumerate(lines) if line.endswith(f"⭐ Run Main {step}"))
        last = next(number for number, line in enumerate(lines) if number > first and f" Main {step} [" in line)
        return "\n".join(line.partition("  | ")[2] for line in lines[first:last] if "  | " in line)


def run(repository: Path, event: str, *options: str, environment: Mapping[str, str] | None = None) -> Job:
    """One event in the repository; the whole log goes to pytest, which shows it where a test fails."""
    settings = repository.parent / "act"
    settings.mkdir(exist_ok=True)
    (settings / "actrc").touch()  # act asks once for its settings unless its file exists
    variables = [part for name, value in (environment or {}).items() for part in ("--env", f"{name}={value}")]
    platform = ["--rm", "--pull=false", "--platform", f"ubuntu-latest={JOB_IMAGE}"]
    places = {"XDG_CONFIG_HOME": str(repository.parent), "XDG_CACHE_HOME": str(repository.parent)}
    step = subprocess.run(
        [ACT, event, *platform, *variables, *options],
        cwd=repository,
        env={**os.environ, **places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(step.stdout)
    return Job(step.returncode, step.stdout)


def with_event(repository: Path, payload: Mapping[str, Any]) -> list[str]:
    """The options that give the event its payload."""
    file = repository.parent / "event.json"
    file.write_text(json.dumps(payload), encoding="utf-8")
    return ["--eventpath", str(file)]


def git(*arguments: str, folder: Path) -> str:
    """What git says."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    answer = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def commit(folder: Path) -> str:
    """All that lies in the folder becomes a commit, whose name this is."""
    git("init", "--quiet", "--initial-branch", "main", folder=folder)
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "--message", "A user's repository", folder=folder)
    return git("rev-parse", "HEAD", folder=folder)


def free_port() -> int:
    """A port that nobody listens at now; act takes none of its own choice."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
