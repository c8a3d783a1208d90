"""The Hub of the tests, and time that does not pass."""

from __future__ import annotations

import time
from collections.abc import Iterator

import huggingface_hub
import pytest

from tests.integration.hub_server import Hub, running_hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on this machine, for a machine on which a token lies about that must never be sent."""
    monkeypatch.setenv("HF_TOKEN", "hf_ambient")
    with running_hub() as server:
        yield server
    huggingface_hub.close_session()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none is taken."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken
