"""The baseline that the settings ask for, or why there is none; what fails is one warning, never a failed run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from onnx_export_action.baseline import path
from onnx_export_action.baseline.found import Found, Unusable
from onnx_export_action.baseline.wanted import Wanted
from onnx_export_action.github import failure
from onnx_export_action.github.artifact.name import name_for
from onnx_export_action.github.context import Context
from onnx_export_action.log import Log
from onnx_export_action.records import Model, NoBase, Report
from onnx_export_action.report import units
from onnx_export_action.settings import Settings, request_of

if TYPE_CHECKING:
    from onnx_export_action.github.artifact.calls import Limits

_EVENTS = ("pull_request", "pull_request_target", "push", "merge_group", "schedule", "workflow_dispatch")
_NAME_ONE = "`baseline: PATH` names an earlier run's folder, an .onnx or a report.json."
_READ_ONLY = "Give the job `permissions: actions: read`. `baseline: none` turns the comparison off."


def find(
    settings: Settings,
    model: Model,
    context: Context,
    folder: Path,
    log: Log,
    limits: Limits | None = None,
    coming: Callable[[Report], None] = lambda _: None,
) -> Found | NoBase:
    """The baseline; one that is an artifact is unpacked into `folder`, which must not exist yet. Never raises.

    `coming` is told an artifact's report, which comes before its files.
    """
    if settings.baseline == "none":
        return NoBase(reason="No baseline was wanted.")
    if settings.baseline_path is None and (why := _nowhere_to_look(settings, context)):
        return NoBase(reason=f"No baseline: {why}.", remedy=_NAME_ONE)
    try:
        with log.group("Find the baseline"):
            if settings.baseline_path is not None:
                found: Found | NoBase = path.read(settings.baseline_path, settings.workspace)
            else:
                found = _searched(settings, model, context, folder, log, limits, coming)
            log.line(_said(found))
            return found
    except Unusable as unusable:
        return _none(f"The baseline was not used. {unusable}", "", log)
    except failure.ReadOnly as refused:
        return _none(f"The baseline was not found. {refused}", _READ_ONLY, log)
    except failure.Failed as failed:
        return _none(f"The baseline was not found. {failed}", "", log)
    except Exception as defect:  # a defect of ours must not cost the export
        return _none(f"The baseline was not found, by a defect of this program: {type(defect).__name__}.", "", log)


def is_searched(settings: Settings, context: Context) -> bool:
    """Whether a baseline is looked for among the repository's artifacts."""
    wanted = settings.baseline != "none" and settings.baseline_path is None
    return wanted and not _nowhere_to_look(settings, context)


def _nowhere_to_look(settings: Settings, context: Context) -> str:
    if not context.repository or settings.github_token is None:
        return "there is no repository of GitHub here, or no `github-token`"
    if context.event not in _EVENTS:
        return f"the event {context.event[:40]!r} has no base"
    return ""


def _searched(
    settings: Settings,
    model: Model,
    context: Context,
    folder: Path,
    log: Log,
    limits: Limits | None,
    coming: Callable[[Report], None],
) -> Found | NoBase:
    # A second of imports, which other runs are spared.
    from onnx_export_action.baseline.history import History
    from onnx_export_action.baseline.search import Search
    from onnx_export_action.github.artifact.download import Artifacts

    if context.problem:
        raise failure.Failed(context.problem)
    wanted = Wanted(name_for(model.id, settings), model, request_of(settings, context.job))
    token = settings.github_token.get_secret_value() if settings.github_token else ""
    try:
        with (
            closing(History(context.api_url, token, context.repository)) as history,
            closing(Artifacts(context.api_url, token, context.repository, log, limits)) as artifacts,
        ):
            return Search(wanted, context, history, artifacts, log).find(folder, coming)
    except BaseException:  # of a run that is cancelled too, what is not whole must not lie about
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _said(found: Found | NoBase) -> str:
    if isinstance(found, NoBase):
        return f"{found.reason} {found.remedy}"
    base = found.base
    if base.kind == "path":
        return f"It is {base.name}, as `baseline` says."
    away = f", {units.plural(base.distance, 'commit')} before it" if base.distance else ""
    return f"It is the artifact {base.name!r} of {base.commit[:7]}: {base.anchor}{away}."


def _none(why: str, remedy: str, log: Log) -> NoBase:
    log.warning(f"{why} {remedy}".strip() + " Nothing is compared.")
    return NoBase(reason=why, remedy=remedy)
