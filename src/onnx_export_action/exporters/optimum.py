"""What `optimum-cli export onnx` does, through optimum-onnx's own API and on the model that is already loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from optimum.exporters.onnx.convert import onnx_export_from_model
from optimum.utils.save_utils import maybe_load_preprocessors

from onnx_export_action import tasks
from onnx_export_action.exporters.routes import Job
from onnx_export_action.workers.protocol import Refusal


def export(job: Job) -> None:
    """Let optimum choose inputs, outputs and patches; its own comparison is left out, ours follows."""
    folder = job.file.parent.parent / "optimum"
    if not folder.exists():  # all parts are written at once, with the first that is asked for
        _write(job, folder)
    _take(folder, job.file)


def _write(job: Job, folder: Path) -> None:
    onnx_export_from_model(
        model=cast(Any, job.module.model),
        output=folder,
        opset=job.opset,
        task=job.task,
        monolith=not tasks.has_past(job.task),  # one file without a cache, whatever the task
        do_validation=False,
        preprocessors=maybe_load_preprocessors(job.source),
        device="cpu",
    )


def _take(folder: Path, target: Path) -> None:
    files = sorted(path for path in folder.iterdir() if path.name.startswith(target.name))
    if not files:
        names = ", ".join(sorted(path.name for path in folder.glob("*.onnx"))) or "none"
        raise Refusal(
            f"optimum writes another set of files for this task ({names}), without {target.name}.",
            "Use another `exporter`.",
        )
    for path in files:
        path.rename(target.with_name(path.name))
