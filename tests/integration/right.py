"""A right export of a tiny model, with all that the model answered, for tests that spoil a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.workers.client import Host
from tests.integration.mutations import OPSET
from tests.unit.sources.models import RecordingLog, settings_for


def export(root: Path, make: Callable[[Path], Path], task: str) -> Exported:
    """The model that `make` saves, exported by TorchScript."""
    make(root / "m")
    chosen, log = settings_for(root, task=task), RecordingLog()
    model = sources.resolve(chosen, hub_endpoint="", cache=root, log=log)
    (root / "work" / "onnx").mkdir(parents=True)
    with attempt.start("torchscript", Host(300, 10**10, None, {}), log) as worker:
        return attempt.export(worker, "torchscript", OPSET, model, chosen, 1, root / "work", log)
