"""Write every part of a model by one route."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action.exporters import files
from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.routes import Job, route
from onnx_export_action.exporters.subject import Subject
from onnx_export_action.exporters.traceable import traceable

Samples = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Order:
    """Which route, which opset, and the folder that takes the files, each named after its part."""

    exporter: str
    opset: int
    folder: Path

    def write(self, parts: Mapping[str, Subject], samples: Samples, axes: Mapping[str, Axes], task: str) -> None:
        """One file a part, weights in one external file when they are large."""
        scratch = self.folder / "scratch"
        for name, subject in parts.items():
            target = scratch / name / f"{name}.onnx"
            target.parent.mkdir(parents=True)
            subject.prepare()
            job = Job(subject.module, samples[name], axes[name], task, self.opset, target, subject.folder)
            with traceable(subject.module.model):
                route(self.exporter).export(job)
            files.settle(target)
            for written in sorted(target.parent.iterdir(), key=lambda each: each == target):  # the file after its data
                written.rename(self.folder / written.name)
            if gc.isenabled():  # in a fork it is not, as it would copy the pages that it looks at
                gc.collect()
        shutil.rmtree(scratch)

    def clear(self) -> None:
        """Take away what an attempt has left."""
        for left in self.folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
