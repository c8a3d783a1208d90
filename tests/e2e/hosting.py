"""All that GitHub is to a workflow, on this machine: the REST API, and artifact services before one block store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import archive

from tests.integration import artifact_server
from tests.integration.artifact_server import ArtifactServer
from tests.integration.azurite import Store, running_azurite
from tests.integration.github_actions_api import ActionsApi, Stored
from tests.integration.github_api import GitHubApi, running_api
from tests.integration.github_releases_api import ReleasesApi, running_releases
from tests.integration.history_api import HistoryApi


@dataclass
class Hosting:
    """One repository's GitHub, with all that it ever told in confidence."""

    api: GitHubApi
    actions: ActionsApi
    history: HistoryApi
    releases: ReleasesApi
    store: Store
    until_the_end: ExitStack
    services: dict[int, ArtifactServer] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=lambda: {artifact_server.token()})

    def variables(self, run: int, attempt: int = 1) -> dict[str, str]:
        """What GitHub's runner sets for a run; each attempt has artifacts of its own."""
        self.services[run] = self.until_the_end.enter_context(
            artifact_server.running(
                store=lambda name, rights: self._sign(f"{run}-{attempt}-{name}", rights), first_id=1000 * run + attempt
            )
        )
        return {
            "ACTIONS_RESULTS_URL": f"{self.services[run].url}/",
            "ACTIONS_RUNTIME_TOKEN": artifact_server.token(),
            "GITHUB_API_URL": self.api.url,
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_RUN_ID": str(run),
        }

    def list_artifacts(self, run: int, attempt: int, event: str, head_sha: str) -> None:
        """From now on, the REST API knows what the run has uploaded."""
        self.history.events[run] = event
        for name, artifact in self.services[run].finished().items():
            final, address = artifact.final or {}, partial(self._sign, f"{run}-{attempt}-{name}", "r")
            size, digest = int(final["size"]), str(final["hash"])
            self.actions.artifacts.append(Stored(artifact.id, run, name, size, digest, address, head_sha=head_sha))

    def archive(self, run: int, name: str, attempt: int = 1) -> dict[str, bytes]:
        """The files of a finished artifact, as they lie in the store."""
        assert name in self.services[run].finished(), f"run {run} has no artifact {name!r}"
        return archive.files(self.store.read(f"{run}-{attempt}-{name}"))

    def _sign(self, name: str, rights: str) -> str:
        address = self.store.sign(name, rights)
        self.secrets.update(parse_qs(urlsplit(address).query)["sig"])
        return address


@contextmanager
def hosting(folder: Path) -> Iterator[Hosting]:
    """GitHub until the end of the block; whatever was unlike its description fails the test there."""
    with ExitStack() as until_the_end:
        api = until_the_end.enter_context(running_api())
        store = until_the_end.enter_context(running_azurite(folder))
        releases = until_the_end.enter_context(running_releases(api))
        actions = ActionsApi(api)
        here = Hosting(api, actions, HistoryApi(actions), releases, store, until_the_end)
        here.secrets.add(api.token)
        yield here
