"""Attaches a proven bundle to the release that the run is for; what fails is one warning, and no change of verdict."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.github import context
from onnx_export_action.github.comment.part import key_of
from onnx_export_action.github.failure import Failed, Missing, ReadOnly
from onnx_export_action.github.release.settle import settle
from onnx_export_action.github.release.target import Target, target_of
from onnx_export_action.github.release.wanted import Cut, prefix_of, wanted_of
from onnx_export_action.log import Log
from onnx_export_action.records import Report
from onnx_export_action.report import units
from onnx_export_action.settings import Settings, request_of

_RIGHTS = "Give the job `permissions: contents: write`, or turn this off with `release-assets: never`."
_ANOTHER_WAY = "The files are in {folder}; a re-run of the job attaches what is missing."
_NO_RELEASE = (
    "There is no release of the tag {tag!r} to attach to; a draft is seen only with `permissions: contents: write`."
)


@dataclass(frozen=True)
class Attached:
    """The release that has the bundle, or why it has not; neither where none was wanted."""

    url: str | None = None
    problem: str | None = None


def attach(
    report: Report, folder: Path, settings: Settings, environment: Mapping[str, str], log: Log, cut: Cut | None = None
) -> Attached:
    """The bundle attached, left out, or not possible; never raises."""
    if settings.release_assets == "never":
        return Attached()
    try:
        target = target_of(environment, settings.release_assets == "always")
        if report.verdict != "pass":
            if target is not None:
                log.line(f"The verdict is {report.verdict}, so nothing is attached to the release {target.tag!r}.")
            return Attached()
        if target is None:
            return Attached()
        return _to_release(report, folder, settings, environment, target, log, cut or Cut())
    except (ReadOnly, Missing) as failed:
        return _failed(f"{failed} {_RIGHTS}", settings, log)
    except Failed as failed:
        return _failed(str(failed), settings, log)
    except OSError as error:
        return _failed(f"A file cannot be read: {error.strerror}.", settings, log)
    except Exception as defect:  # a defect of ours must not cost the verdict
        return _failed(f"It is a defect of this program: {type(defect).__name__}.", settings, log)


def _to_release(
    report: Report,
    folder: Path,
    settings: Settings,
    environment: Mapping[str, str],
    target: Target,
    log: Log,
    cut: Cut,
) -> Attached:
    token = settings.github_token.get_secret_value() if settings.github_token else ""
    here = context.read(environment)
    if not token or not here.repository:
        return _nothing(settings, "There is no token or no repository to attach files with.", log)
    from onnx_export_action.github import rest  # a second of imports, which other runs are spared
    from onnx_export_action.github.release.assets import CLOSED, ReleaseAssets
    from onnx_export_action.github.release.found import find

    address = f"{here.api_url}/repos/{here.repository}/releases"
    with log.group(f"Attach to the release {target.tag!r}"), closing(rest.connect(here.api_url, token)) as client:
        release = find(client, address, target)
        if release is None:
            return _nothing(settings, _NO_RELEASE.format(tag=target.tag), log)
        wanted, left_out = wanted_of(report, folder, prefix_of(report, settings), cut)
        if left_out:
            log.line(f"Left out, as empty or named as no asset can be: {', '.join(left_out)}.")
        closed = CLOSED.format(tag=release.tag_name) if release.immutable else ""
        job = key_of(report.request or request_of(settings, here.job))[:8]
        with closing(ReleaseAssets(client, address, release, token, log)) as assets:
            sent = settle(assets, wanted, job, closed, time.sleep)
    done = f"{units.plural(sent, 'file')} sent" if sent else "nothing has changed"
    log.line(f"The release {release.tag_name!r} has the bundle, {done}: {release.html_url}")
    return Attached(url=release.html_url)


def _nothing(settings: Settings, why: str, log: Log) -> Attached:
    """No release is no fault, unless there must be one."""
    if settings.release_assets == "always":
        return _failed(why, settings, log)
    log.line(why)
    return Attached()


def _failed(why: str, settings: Settings, log: Log) -> Attached:
    problem = f"The bundle is not attached to the release. {why} {_ANOTHER_WAY.format(folder=settings.output_dir)}"
    log.warning(problem)
    return Attached(problem=problem)
