"""Builds the real edges and starts what the mode asks for."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from onnx_export_action import cli, job, output, settings
from onnx_export_action.cancel import Cancellation, cancelled
from onnx_export_action.delivery import Place
from onnx_export_action.edges import Edges
from onnx_export_action.errors import RunError
from onnx_export_action.github import context
from onnx_export_action.github.outputs import published_outputs, write_outputs
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.github.summary import write_summary
from onnx_export_action.log import Log
from onnx_export_action.records import Publication
from onnx_export_action.report.terminal_log import TerminalLog
from onnx_export_action.settings import Settings
from onnx_export_action.workers import access
from onnx_export_action.workers.pool import Pool

_DEFAULT_OUTPUT = settings.default_of("output-dir")


def perform(environment: dict[str, str], arguments: Sequence[str], pool: Pool) -> int:
    """Run the program as a command or as an action, with workers of this pool; returns the exit status."""
    cancellation = Cancellation()
    with cancellation.heard():
        return _perform(environment, arguments, pool, cancellation)


def _perform(environment: dict[str, str], arguments: Sequence[str], pool: Pool, cancellation: Cancellation) -> int:
    workspace = Path(environment.get("GITHUB_WORKSPACE") or Path.cwd())
    console = Console(highlight=False)
    log: Log = RunnerLog(sys.stdout) if environment.get("GITHUB_ACTIONS") == "true" else TerminalLog(console)
    place = Place(workspace, _edges(environment, log, pool), cancellation)
    folder = workspace / _DEFAULT_OUTPUT
    try:
        flags = cli.inputs_from_flags(arguments)
        given = settings.inputs_from_environment(environment)
        folder = _writable_folder({**given, **flags}, workspace)
        chosen = settings.all_of(flags, given, workspace)
        _mask_tokens(chosen[0], log)
        match {**given, **flags}.get("mode"):
            case "report":
                return _tell(chosen[0], environment, log, cancellation)
            case "doctor":
                return _examine(chosen[0], place)
            case "plan":
                return _plan(chosen, place)
        if chosen[0].name:
            output.prepare(chosen[0].output_path.parent)  # what a run on one model left there is not of these
    except RunError as caught:
        return job.refused(caught, folder, place, console)
    except Exception as caught:  # a defect of ours is a sentence too, with its traceback in a file
        return job.refused(job.defect(caught, folder), folder, place, console)
    return job.export_all(chosen, place, console)


def _tell(chosen: Settings, environment: dict[str, str], log: Log, cancellation: Cancellation) -> int:
    """`mode: report`: a comment, and nothing in the workspace."""
    from onnx_export_action import second_stage

    told, error = second_stage.Told(), None
    try:
        with cancellation.stops():
            told = second_stage.tell(chosen, environment, log)
    except RunError as caught:
        error = caught
    except KeyboardInterrupt:
        error = cancelled()
    except Exception as caught:  # the same catch as of a run, of the other mode
        error = job.defect(caught, chosen.output_path)
    if error is not None:
        log.error(str(error))
        told.sentence = str(error)
    if environment.get("GITHUB_OUTPUT"):
        write_outputs(Path(environment["GITHUB_OUTPUT"]), published_outputs(Publication(comment_url=told.url)))
    if environment.get("GITHUB_STEP_SUMMARY"):
        write_summary(Path(environment["GITHUB_STEP_SUMMARY"]), second_stage.summary(told))
    return error.exit_status if error else 0


def _examine(chosen: Settings, place: Place) -> int:
    """`doctor`: lines in the log, and nothing in the workspace."""
    from onnx_export_action import doctor

    return doctor.examine(chosen, place.edges.environment, place.edges.worker_user, place.edges.log)


def _plan(chosen: Sequence[Settings], place: Place) -> int:
    """`plan`: the matrix, and nothing in the workspace."""
    matrix = settings.matrix_of(chosen)
    place.edges.log.line(matrix)
    if file := place.edges.environment.get("GITHUB_OUTPUT"):
        write_outputs(Path(file), {"matrix": matrix})
    return 0


def _mask_tokens(chosen: Settings, log: Log) -> None:
    for token in (chosen.hf_token, chosen.github_token):
        if token is not None and isinstance(log, RunnerLog):
            log.add_mask(token.get_secret_value())


def _edges(environment: dict[str, str], log: Log, pool: Pool) -> Edges:
    return Edges(
        environment=environment,
        context=context.read(environment),
        hub_endpoint=environment.get("HF_ENDPOINT") or "https://huggingface.co",
        cache=Path(environment.get("RUNNER_TEMP") or tempfile.gettempdir()) / "onnx-export-hub",
        worker_user=access.asked_for(environment),
        log=log,
        pool=pool,
    )


def _writable_folder(inputs: dict[str, str], workspace: Path) -> Path:
    """The output folder where it is a good one, so that a usage error elsewhere is reported there too."""
    root = Path(os.path.realpath(workspace))
    folder = Path(os.path.realpath(workspace / inputs.get("output-dir", _DEFAULT_OUTPUT)))
    inside = folder.is_relative_to(root) and folder != root
    return folder if inside else workspace / _DEFAULT_OUTPUT
