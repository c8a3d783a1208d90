"""Builds the real edges, holds the one catch, delivers the report; the only module that reads the environment."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from onnx_export_action import bundle, cli, output, settings
from onnx_export_action.cancel import Cancellation, cancelled, end_children
from onnx_export_action.errors import RunError, SurroundingsError
from onnx_export_action.github import context
from onnx_export_action.github.outputs import outputs_of, published_outputs, write_outputs
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.github.summary import write_summary
from onnx_export_action.log import Log
from onnx_export_action.pipeline import Edges, run
from onnx_export_action.progress import Progress
from onnx_export_action.publish import publish
from onnx_export_action.records import Publication, Report
from onnx_export_action.report import document, html, markdown, terminal
from onnx_export_action.report.terminal_log import TerminalLog
from onnx_export_action.settings import Settings

_EXIT_STATUS = {"pass": 0, "fail": 1}
_DEFAULT_OUTPUT = settings.default_of("output-dir")


def main() -> NoReturn:
    """The process; it ends at once, as threads that still wait for a server would hold it."""
    status = perform()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(status)


def perform(arguments: Sequence[str] | None = None) -> int:
    """Run the program as a command or as an action; returns the exit status."""
    cancellation = Cancellation()
    with cancellation.heard():
        return _perform(arguments, cancellation)


def _perform(arguments: Sequence[str] | None, cancellation: Cancellation) -> int:
    environment = dict(os.environ)
    workspace = Path(environment.get("GITHUB_WORKSPACE") or Path.cwd())
    in_ci = environment.get("GITHUB_ACTIONS") == "true"
    console = Console(highlight=False)
    log: Log = RunnerLog(sys.stdout) if in_ci else TerminalLog(console)
    progress = Progress()
    folder, chosen, error = workspace / _DEFAULT_OUTPUT, None, None
    try:
        flags = cli.inputs_from_flags(sys.argv[1:] if arguments is None else arguments)
        inputs = {**settings.inputs_from_environment(environment), **flags}
        folder = _writable_folder(inputs, workspace)
        chosen = settings.parse(inputs, workspace)
        if chosen.mode == "report":
            return _tell(chosen, environment, log, cancellation)
        if chosen.mode == "doctor":
            return _examine(chosen, environment, log)
        with cancellation.stops():
            _run(chosen, _edges(environment, log), progress)
    except RunError as caught:
        error = caught
    except KeyboardInterrupt:
        error = cancelled()
        end_children()
        output.discard_unfinished(folder)
    except Exception as caught:  # the one catch: a defect of ours is a sentence too, with its traceback in a file
        error = _defect(caught, folder)
    report = progress.report(error)
    if error is not None:
        log.error(str(error))
    publication = _deliver(report, folder, workspace, chosen, environment, log, cancellation)
    terminal.show(report, console, os.path.relpath(folder, workspace))
    return _exit_status(report, error, publication)


def _exit_status(report: Report, error: RunError | None, publication: Publication) -> int:
    """What a reader must know first: the verdict; of a file that passed, whether it was delivered."""
    status = error.exit_status if error else _EXIT_STATUS[report.verdict]
    return SurroundingsError.exit_status if status == 0 and publication.problems else status


def _run(chosen: Settings, edges: Edges, progress: Progress) -> None:
    _mask_tokens(chosen, edges.log)
    here = edges.context
    progress.request = settings.request_of(chosen, here.job)
    context.refuse_foreign_code(here)
    try:
        run(chosen, edges, progress)
    finally:
        bundle.hand_over(edges.cache, chosen.workspace)
        model, task = (progress.model.id, progress.model.task) if progress.model else (chosen.model, chosen.task)
        progress.reproduce = cli.command_of(chosen, model, task)


def _tell(chosen: Settings, environment: dict[str, str], log: Log, cancellation: Cancellation) -> int:
    """`mode: report`: a comment, and nothing in the workspace."""
    from onnx_export_action import second_stage

    _mask_tokens(chosen, log)
    told, error = second_stage.Told(), None
    try:
        with cancellation.stops():
            told = second_stage.tell(chosen, environment, log)
    except RunError as caught:
        error = caught
    except KeyboardInterrupt:
        error = cancelled()
    except Exception as caught:  # the same catch as below, of the other mode
        error = _defect(caught, chosen.output_path)
    if error is not None:
        log.error(str(error))
        told.sentence = str(error)
    if environment.get("GITHUB_OUTPUT"):
        write_outputs(Path(environment["GITHUB_OUTPUT"]), published_outputs(Publication(comment_url=told.url)))
    if environment.get("GITHUB_STEP_SUMMARY"):
        write_summary(Path(environment["GITHUB_STEP_SUMMARY"]), second_stage.summary(told))
    return error.exit_status if error else 0


def _examine(chosen: Settings, environment: dict[str, str], log: Log) -> int:
    """`doctor`: lines in the log, and nothing in the workspace."""
    from onnx_export_action import doctor

    _mask_tokens(chosen, log)
    edges = _edges(environment, log)
    return doctor.examine(chosen, edges.environment, edges.worker_user, log)


def _mask_tokens(chosen: Settings, log: Log) -> None:
    for token in (chosen.hf_token, chosen.github_token):
        if token is not None and isinstance(log, RunnerLog):
            log.add_mask(token.get_secret_value())


def _edges(environment: dict[str, str], log: Log) -> Edges:
    user = environment.get("ONNX_EXPORT_WORKER_UID", "")
    return Edges(
        environment=environment,
        context=context.read(environment),
        hub_endpoint=environment.get("HF_ENDPOINT") or "https://huggingface.co",
        cache=Path(environment.get("RUNNER_TEMP") or tempfile.gettempdir()) / "onnx-export-hub",
        worker_user=int(user) if user.isdigit() and os.geteuid() == 0 else None,
        log=log,
    )


def _deliver(
    report: Report,
    folder: Path,
    workspace: Path,
    chosen: Settings | None,
    environment: dict[str, str],
    log: Log,
    cancellation: Cancellation,
) -> Publication:
    """Files first, then what GitHub reads; what cannot be written is said, and the rest is still delivered."""
    text = markdown.render(report)
    outputs = outputs_of(report, os.path.relpath(folder, workspace))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (("json", document.to_json(report)), ("md", text), ("html", html.render(report))):
            with bundle.whole(folder / f"report.{name}") as draft:
                draft.write_text(content, encoding="utf-8")
        bundle.hand_over(folder, workspace)
    except OSError as error:
        log.warning(f"The report cannot be written to the output folder: {error.strerror}.")
        outputs = {name: value for name, value in outputs.items() if not name.startswith("report-")}
    publication = _publish(report, folder, chosen, environment, log, cancellation) if chosen else Publication()
    if environment.get("GITHUB_OUTPUT"):
        write_outputs(Path(environment["GITHUB_OUTPUT"]), {**outputs, **published_outputs(publication)})
    if environment.get("GITHUB_STEP_SUMMARY"):
        write_summary(Path(environment["GITHUB_STEP_SUMMARY"]), text)
    return publication


def _publish(
    report: Report,
    folder: Path,
    chosen: Settings,
    environment: dict[str, str],
    log: Log,
    cancellation: Cancellation,
) -> Publication:
    """What goes to GitHub, unless the job is cancelled: the seconds that are left are for the report's files."""
    try:
        with cancellation.stops():
            return publish(report, folder, chosen, environment, log)
    except KeyboardInterrupt:
        if report.failure is not None:
            return Publication()
        problem = f"The run was cancelled before all was delivered. The files are in {chosen.output_dir}."
        log.warning(problem)
        return Publication(problems=(problem,))


def _writable_folder(inputs: dict[str, str], workspace: Path) -> Path:
    """The output folder where it is a good one, so that a usage error elsewhere is reported there too."""
    root = Path(os.path.realpath(workspace))
    folder = Path(os.path.realpath(workspace / inputs.get("output-dir", _DEFAULT_OUTPUT)))
    inside = folder.is_relative_to(root) and folder != root
    return folder if inside else workspace / _DEFAULT_OUTPUT


def _defect(error: Exception, folder: Path) -> RunError:
    text = traceback.format_exc()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "traceback.txt").write_text(text, encoding="utf-8")
        where = f"Report it with {folder.name}/traceback.txt."
    except OSError:
        where = text
    return SurroundingsError(f"A defect of this program: {type(error).__name__}: {error}", where)
