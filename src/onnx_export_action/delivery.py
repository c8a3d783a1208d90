"""What a model's run leaves: its report in its folder, its bundle where it goes, and what the runner reads."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from onnx_export_action import bundle
from onnx_export_action.cancel import Cancellation
from onnx_export_action.edges import Edges
from onnx_export_action.github.outputs import outputs_of, published_outputs, write_outputs
from onnx_export_action.github.summary import write_summary
from onnx_export_action.records import Publication, Report
from onnx_export_action.report import document, html, markdown, overview
from onnx_export_action.settings import Settings

if TYPE_CHECKING:
    from onnx_export_action.github.comment.announce import Said

_WORST_LAST = ("pass", "fail", "error")


@dataclass(frozen=True)
class Place:
    """Where all of a job lies, how it reaches the outside, and whether somebody cancelled it."""

    workspace: Path
    edges: Edges
    cancellation: Cancellation


@dataclass(frozen=True)
class Ended:
    """The end of one model's run; `settings` are None where they could not be read."""

    settings: Settings | None
    report: Report
    folder: Path
    status: int
    outputs: dict[str, str]
    publication: Publication = Publication()  # noqa: RUF009  # a frozen record

    @property
    def name(self) -> str:
        """That of one model among others; empty where it is the only one."""
        return self.settings.name if self.settings is not None else ""


def write_reports(report: Report, folder: Path, place: Place) -> dict[str, str]:
    """The report's files, and the outputs that name what lies in the folder; what cannot be written is said."""
    outputs = outputs_of(report, os.path.relpath(folder, place.workspace))
    contents = {"json": document.to_json, "md": markdown.render, "html": html.render}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, rendered in contents.items():
            with bundle.whole(folder / f"report.{ending}") as draft:
                draft.write_text(rendered(report), encoding="utf-8")
        bundle.hand_over(folder, place.workspace)
    except OSError as error:
        place.edges.log.warning(f"The report cannot be written to the output folder: {error.strerror}.")
        return {name: value for name, value in outputs.items() if not name.startswith("report-")}
    return outputs


def published(report: Report, folder: Path, settings: Settings, place: Place) -> Publication:
    """What goes to GitHub, unless the job is cancelled: the seconds that are left are for the report's files."""
    # An HTTP client, which no run has to wait for before its first line.
    from onnx_export_action.publish import publish

    try:
        with place.cancellation.stops():
            return publish(report, folder, settings, place.edges.environment, place.edges.log)
    except KeyboardInterrupt:
        if report.failure is not None:
            return Publication()
        problem = f"The run was cancelled before all was delivered. The files are in {settings.output_dir}."
        place.edges.log.warning(problem)
        return Publication(problems=(problem,))


def commented(ended: Sequence[Ended], place: Place) -> Said:
    """One comment that tells of every model whose settings want one."""
    from onnx_export_action.github.comment.announce import Said, comment_on

    wanted = [each for each in ended if each.settings is not None and each.settings.comment != "never"]
    chosen = sorted((each.settings for each in wanted if each.settings), key=lambda each: each.comment != "always")
    if not chosen or place.cancellation.asked:
        return Said()
    told = [(each.report, each.publication) for each in wanted]
    try:
        with place.cancellation.stops():
            return comment_on(told, chosen[0], place.edges.context, place.edges.log)
    except KeyboardInterrupt:
        place.edges.log.warning("The run was cancelled before the comment was written.")
        return Said()


def tell_runner(ended: Sequence[Ended], said: Said, place: Place) -> None:
    """Outputs and job summary, where there is a runner to read them."""
    environment = place.edges.environment
    if environment.get("GITHUB_OUTPUT"):
        write_outputs(Path(environment["GITHUB_OUTPUT"]), _outputs(ended, said))
    if environment.get("GITHUB_STEP_SUMMARY"):
        write_summary(Path(environment["GITHUB_STEP_SUMMARY"]), _summary(ended))


def _outputs(ended: Sequence[Ended], said: Said) -> dict[str, str]:
    """Those of the first model, with the worst verdict; of models with names, all of them in `results`."""
    each_with_its_own = [{**each.outputs, **published_outputs(each.publication)} for each in ended]
    verdict = max((each.report.verdict for each in ended), key=_WORST_LAST.index)
    outputs = {**each_with_its_own[0], **published_outputs(Publication(comment_url=said.url)), "verdict": verdict}
    if ended[0].name:
        named = [{"name": each.name, **own} for each, own in zip(ended, each_with_its_own, strict=True)]
        outputs["results"] = json.dumps(named, ensure_ascii=False)
    return outputs


def _summary(ended: Sequence[Ended]) -> str:
    if len(ended) == 1:
        return markdown.render(ended[0].report)
    return overview.markdown([(each.name, each.report) for each in ended])
