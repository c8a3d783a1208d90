"""An exporter that began before the program's own imports is the one that a run takes, or it is ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from onnx_export_action.exporters import beforehand, prepared
from onnx_export_action.settings import Settings
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool
from tests.unit.sources.models import RecordingLog

OUTSIDE = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool() as made:
        yield made


def running() -> list[int]:
    """Workers of this process."""
    children = psutil.Process().children()
    return [child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE]


def prepare(pool: Pool, folder: Path, **inputs: str) -> None:
    """What a run does once it knows its settings."""
    settings = Settings(**{"model": "./m", "workspace": folder, **inputs})  # type: ignore[arg-type]  # one of each kind
    prepared.prepare(settings, Host(60, 10**10, None, OUTSIDE), pool, RecordingLog())


def test_begin__the_run_takes_it(pool: Pool, tmp_path: Path) -> None:
    beforehand.begin(pool, OUTSIDE)
    begun = running()
    assert len(begun) == 1
    prepare(pool, tmp_path)
    assert running() == begun


@pytest.mark.parametrize("inputs", [{"exporter": "optimum"}, {"model": "./m.onnx"}, {"trust_remote_code": "true"}])
def test_begin__a_run_that_has_no_use_for_it_ends_it(pool: Pool, tmp_path: Path, inputs: dict[str, str]) -> None:
    beforehand.begin(pool, OUTSIDE)
    prepare(pool, tmp_path, **inputs)
    assert running() == []


def test_begin__on_github_a_baseline_may_spare_the_export(pool: Pool) -> None:
    beforehand.begin(pool, {**OUTSIDE, "GITHUB_REPOSITORY": "org/repo"})
    assert running() == []
