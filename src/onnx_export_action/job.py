"""The models of one job, one after the other; what fails for one does not stop the next, a cancelled job does."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from onnx_export_action import bundle, cli, output, settings
from onnx_export_action.cancel import cancelled, end_children
from onnx_export_action.delivery import Ended, Place, commented, published, tell_runner, write_reports
from onnx_export_action.errors import RunError, SurroundingsError
from onnx_export_action.github import context
from onnx_export_action.pipeline import run
from onnx_export_action.progress import Progress
from onnx_export_action.records import Publication, Report
from onnx_export_action.report import overview, terminal
from onnx_export_action.settings import Settings

_EXIT_STATUS = {"pass": 0, "fail": 1}


def export_all(chosen: Sequence[Settings], place: Place, console: Console) -> int:
    """Run every model, deliver what each left, and say it of all; the exit status is the worst."""
    ended: list[Ended] = []
    for number, each in enumerate(chosen, 1):
        if place.cancellation.asked:
            left = ", ".join(other.name for other in chosen[number - 1 :])
            place.edges.log.line(f"The run was cancelled before these were begun: {left}")
            break
        if len(chosen) > 1:
            place.edges.log.line(f"Model {number} of {len(chosen)}: {each.name}")
        place.edges.pool.keeps = number < len(chosen)
        ended.append(_export(each, place))
        terminal.show(ended[-1].report, console, os.path.relpath(ended[-1].folder, place.workspace))
    place.edges.pool.close()
    return _tell(ended, place, console)


def refused(error: RunError, folder: Path, place: Place, console: Console) -> int:
    """The end of a job whose inputs say nothing to run."""
    place.edges.log.error(str(error))
    report = Progress().report(error)
    ended = Ended(None, report, folder, error.exit_status, write_reports(report, folder, place))
    terminal.show(report, console, os.path.relpath(folder, place.workspace))
    return _tell([ended], place, console)


def defect(error: Exception, folder: Path) -> RunError:
    """A defect of ours as a sentence; its traceback lies in a file."""
    text = traceback.format_exc()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "traceback.txt").write_text(text, encoding="utf-8")
        where = f"Report it with {folder.name}/traceback.txt."
    except OSError:
        where = text
    return SurroundingsError(f"A defect of this program: {type(error).__name__}: {error}", where)


def _tell(ended: Sequence[Ended], place: Place, console: Console) -> int:
    said = commented(ended, place)
    tell_runner(ended, said, place)
    if len(ended) > 1:
        overview.show([(each.name, each.report) for each in ended], console)
    status = max(each.status for each in ended)
    return SurroundingsError.exit_status if status == 0 and place.cancellation.asked else status


def _export(chosen: Settings, place: Place) -> Ended:
    progress, error, folder = Progress(), None, chosen.output_path
    try:
        with place.cancellation.stops():
            _run(chosen, place, progress)
    except RunError as caught:
        error = caught
    except KeyboardInterrupt:
        error = cancelled()
        end_children()
        output.discard_unfinished(folder)
    except Exception as caught:  # the one catch of a run: a defect of ours is a sentence too
        error = defect(caught, folder)
    if error is not None:
        place.edges.log.error(f"{chosen.name}: {error}" if chosen.name else str(error))
    report = progress.report(error)
    outputs = write_reports(report, folder, place)
    delivered = published(report, folder, chosen, place)
    return Ended(chosen, report, folder, _exit_status(report, error, delivered), outputs, delivered)


def _exit_status(report: Report, error: RunError | None, delivered: Publication) -> int:
    """What a reader must know first: the verdict; of a file that passed, whether it was delivered."""
    status = error.exit_status if error else _EXIT_STATUS[report.verdict]
    return SurroundingsError.exit_status if status == 0 and delivered.problems else status


def _run(chosen: Settings, place: Place, progress: Progress) -> None:
    edges = place.edges
    progress.request = settings.request_of(chosen, edges.context.job)
    context.refuse_foreign_code(edges.context)
    try:
        run(chosen, edges, progress)
    finally:
        bundle.hand_over(edges.cache, chosen.workspace)
        model, task = (progress.model.id, progress.model.task) if progress.model else (chosen.model, chosen.task)
        progress.reproduce = cli.command_of(chosen, model, task)
