"""A user's repository on GitHub: a model, and the examples as its workflows, letter for letter."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import act
import events
import permissions
from act import Job
from action import IMAGE, ROOT, check_out
from events import Event
from hosting import Hosting

from tests.integration.github_api import REPOSITORY

# What the examples name, and act takes from a folder in the place of GitHub.
_ACTION = "org/onnx-export-action@0123456789abcdef0123456789abcdef01234567"
_MODEL = "models/sentiment"


@dataclass(frozen=True)
class Repository:
    """The working copy, the action that its workflows name, and GitHub."""

    folder: Path
    action: Path
    github: Hosting

    def push(self, model: Path | None = None) -> str:
        """A commit, with another model under the same path; its name."""
        if model is not None:
            shutil.rmtree(self.folder / _MODEL, ignore_errors=True)
            check_out(model, self.folder / _MODEL)
        commit = act.commit(self.folder)
        self.github.history.parents[commit] = tuple(act.git("rev-parse", f"{commit}^@", folder=self.folder).split())
        return commit

    def push_to_main(self, model: Path | None = None) -> str:
        """The same, as the tip of the branch that pull requests go into."""
        self.github.history.branches["main"] = commit = self.push(model)
        return commit

    def run(self, example: str, event: str, payload: Event, run: int, attempt: int = 1) -> Job:
        """An event starts an example; when it is over, GitHub lists its artifacts."""
        workflow = Path(".github", "workflows", example)
        assert (self.folder / workflow).read_bytes() == (ROOT / "examples" / example).read_bytes()
        granted = permissions.of_job(self.folder / workflow, events.is_from_fork(payload))
        self.github.api.may = partial(permissions.allow, granted)
        job = act.run(
            self.folder,
            event,
            *("--workflows", str(workflow)),
            *("--local-repository", f"{_ACTION}={self.action}"),
            *("--secret", f"GITHUB_TOKEN={self.github.api.token}"),
            "--insecure-secrets",  # act masks nothing, so that what the action prints of a secret is seen
            *act.with_event(self.folder, payload),
            environment=self.github.variables(run, attempt),
        )
        assert f"matched https://github.com/{_ACTION.partition('@')[0]} " in job.log
        self._keeps_secrets(job, run, attempt)
        head = act.git("rev-parse", "HEAD", folder=self.folder)
        self.github.list_artifacts(run, attempt, event, head)
        return job

    def _keeps_secrets(self, job: Job, run: int, attempt: int) -> None:
        """Nobody who reads the log, the summary in it, a comment or an artifact finds a token or a signature."""
        artifacts = self.github.services[run].finished()
        texts = {
            "the log": job.log,
            **{f"comment {number}": body for number, (_, body) in self.github.api.bodies.items()},
            **{
                f"{name}: {path}": content.decode(errors="replace")
                for name in artifacts
                for path, content in self.github.archive(run, name, attempt).items()
            },
        }
        for place, text in texts.items():
            assert not any(secret in text for secret in self.github.secrets), f"a secret stands in {place}"


def create(folder: Path, github: Hosting) -> Repository:
    """A repository without a model, and beside it the action as a release has it: with an image that is built."""
    repository = Repository(folder / "repository", folder / "action", github)
    workflows = repository.folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for example in (ROOT / "examples").glob("*.yml"):
        shutil.copy(example, workflows)
    act.git("init", "--quiet", "--initial-branch", "main", folder=repository.folder)
    act.git("remote", "add", "origin", f"https://github.com/{REPOSITORY}", folder=repository.folder)
    action = (ROOT / "action.yml").read_text()
    assert action.count("image: Dockerfile") == 1
    repository.action.mkdir()
    (repository.action / "action.yml").write_text(action.replace("image: Dockerfile", f"image: docker://{IMAGE}"))
    return repository
