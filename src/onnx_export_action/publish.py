"""Delivers the bundle beyond the output folder; what fails is said, and changes neither the verdict nor the rest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from onnx_export_action.github.artifact.archive import Entry
from onnx_export_action.github.artifact.calls import Caller, Limits
from onnx_export_action.github.artifact.failure import NoService, UploadFailed
from onnx_export_action.github.artifact.name import name_for
from onnx_export_action.github.artifact.service import ArtifactService, origin_of, owner_in
from onnx_export_action.github.artifact.upload import Uploaded, Wanted, upload
from onnx_export_action.github.release.attach import attach
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.log import Log
from onnx_export_action.records import Publication, Report
from onnx_export_action.report import units
from onnx_export_action.settings import Settings

_REPORTS = ("report.json", "report.md", "report.html")
_NO_SERVICE = (
    "This server has no artifact service of version 4. Upload the folder {folder} with a following step, as "
    "docs/artifact.md shows, and set `upload-artifact: false`."
)


def publish(
    report: Report,
    folder: Path,
    settings: Settings,
    environment: Mapping[str, str],
    log: Log,
    limits: Limits | None = None,
) -> Publication:
    """The bundle to the run and to the release, one after the other; never raises for a failed delivery."""
    uploaded = _upload(report, folder, settings, environment, log, limits)
    attached = attach(report, folder, settings, environment, log)
    problems = (*uploaded.problems, *([attached.problem] if attached.problem else []))
    return uploaded.model_copy(update={"release_url": attached.url, "problems": problems})


def _upload(
    report: Report,
    folder: Path,
    settings: Settings,
    environment: Mapping[str, str],
    log: Log,
    limits: Limits | None,
) -> Publication:
    if not settings.upload_artifact or not (report.files or report.verdict == "error"):
        return Publication()
    try:
        return _artifact(report, folder, settings, environment, log, limits or Limits())
    except UploadFailed as failure:
        problem = f"The artifact was not uploaded: {failure} The files are in {settings.output_dir}."
    except Exception as defect:  # a defect of ours must not cost the verdict either
        problem = f"The artifact was not uploaded, by a defect of this program: {type(defect).__name__}."
    log.warning(problem)
    return Publication(problems=(problem,))


def artifact_name(report: Report, settings: Settings) -> str:
    """The name asked for, or the model's; a file that failed its proof never lies under the name of one that passed."""
    name = name_for(report.model.id if report.model is not None else settings.model, settings)
    return name if report.proven else f"{name}-failed"


def _artifact(
    report: Report, folder: Path, settings: Settings, environment: Mapping[str, str], log: Log, limits: Limits
) -> Publication:
    token, results_url = environment.get("ACTIONS_RUNTIME_TOKEN", ""), environment.get("ACTIONS_RESULTS_URL", "")
    if not token or not results_url:
        return _without_service(settings, log, expected=bool(token) or _is_foreign(environment))
    wanted = Wanted(
        name=artifact_name(report, settings),
        entries=_entries(report, folder),
        overwrite=settings.overwrite,
        expires_at=_expiry(settings.retention_days, environment, log),
    )
    mask = log.add_mask if isinstance(log, RunnerLog) else _hide_nothing
    mask(token)
    with closing(Caller(log, limits)) as caller, log.group("Upload the artifact"):
        try:
            service = ArtifactService(caller, origin_of(results_url), token, owner_in(token), mask)
        except NoService:
            return _without_service(settings, log, expected=True)
        return _delivered(upload(wanted, service, log), environment, log)


def _without_service(settings: Settings, log: Log, expected: bool) -> Publication:
    """No fault of anybody's: a shell has no such service, and a server that has none is told from one that is lost."""
    if expected:
        log.warning(_NO_SERVICE.format(folder=settings.output_dir))
    else:
        log.line(f"There is no artifact service here; the files lie in {settings.output_dir}.")
    return Publication()


def _delivered(uploaded: Uploaded, environment: Mapping[str, str], log: Log) -> Publication:
    server, repository, run = (environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    url = f"{server}/{repository}/actions/runs/{run}/artifacts/{uploaded.id}" if server and repository and run else None
    where = f": {url}" if url else "."
    log.line(f"Uploaded {uploaded.name!r}, {units.size(uploaded.size)}, SHA-256 {uploaded.digest}{where}")
    return Publication(artifact_id=uploaded.id, artifact_url=url)


def _entries(report: Report, folder: Path) -> list[Entry]:
    if report.verdict == "error":
        return _left_by_an_error(report, folder)
    weights = {file.path for file in report.main_files} | {path for v in report.variants for path in v.files}
    listed = (
        Entry(folder / file.path, file.path, file.size_bytes, file.path in weights, file.sha256)
        for file in report.files
    )
    beside = (folder / name for name in ("manifest.json", *_REPORTS))
    return [*listed, *(Entry(path, path.name, path.stat().st_size, False) for path in beside if path.is_file())]


def _left_by_an_error(report: Report, folder: Path) -> list[Entry]:
    """The report and why each attempt failed: what comments in this run's stead, or whoever repairs it, has no more."""
    tried = report.export.attempts if report.export is not None else ()
    names = dict.fromkeys([*(f"attempts/{attempt.exporter}.txt" for attempt in tried), *_REPORTS])
    present = ((folder / name, name) for name in names if (folder / name).is_file())
    return [Entry(path, name, path.stat().st_size, False) for path, name in present]


def _expiry(days: int | None, environment: Mapping[str, str], log: Log) -> datetime | None:
    if not days:
        return None
    most = environment.get("GITHUB_RETENTION_DAYS", "")
    if most.isascii() and most.isdigit() and 0 < int(most) < days:
        log.line(f"The repository keeps artifacts for {most} days at most, fewer than retention-days: {days}.")
        days = int(most)
    return datetime.now(UTC) + timedelta(days=days)


def _is_foreign(environment: Mapping[str, str]) -> bool:
    """Whether this is a runner of a server other than GitHub's own."""
    host = (urlsplit(environment.get("GITHUB_SERVER_URL", "")).hostname or "github.com").lower()
    return environment.get("GITHUB_ACTIONS") == "true" and not (host == "github.com" or host.endswith(".ghe.com"))


def _hide_nothing(_: str) -> None:
    """A terminal has nobody to hide from but the one who gave the token."""
