"""An artifact from name to id: reserved, streamed, made final; with a free name found where one is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from onnx_export_action.github.artifact.archive import BlockSink, Entry, write_zip
from onnx_export_action.github.artifact.blob import BLOCK_BYTES, BlockUpload
from onnx_export_action.github.artifact.failure import MustRestart, NameTaken, Refused, UploadFailed
from onnx_export_action.github.artifact.service import ArtifactService
from onnx_export_action.log import Log
from onnx_export_action.report import units

_RESTARTS = 2
_NAMES = 50
# Below this, an upload is over before a line about it helps.
_SHOWN_FROM_BYTES = 8 * BLOCK_BYTES


@dataclass(frozen=True)
class Wanted:
    """What is uploaded, and how it is kept."""

    name: str
    entries: Sequence[Entry]
    overwrite: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Uploaded:
    """What the service has now."""

    name: str
    id: int
    size: int
    digest: str


def upload(wanted: Wanted, service: ArtifactService, log: Log) -> Uploaded:
    """Deliver the artifact; raises UploadFailed with a sentence where it cannot be done."""
    if wanted.overwrite:
        _make_room(wanted.name, service, log)
    for _ in range(_RESTARTS):
        try:
            return _try(wanted, service, log)
        except MustRestart as broken:
            log.line(f"{broken} This server appends what arrives, so the upload starts again.")
    return _try(wanted, service, log)


def _try(wanted: Wanted, service: ArtifactService, log: Log) -> Uploaded:
    name, address = _reserve(wanted, service, log)
    blob = BlockUpload(service.caller, address)
    try:
        sink = BlockSink(_shown(blob.send, wanted.entries, log), BLOCK_BYTES)
        write_zip(wanted.entries, sink)
        blob.commit()
    finally:
        blob.close()
    return Uploaded(name, service.finalize(name, sink.size, sink.digest), sink.size, sink.digest)


def _reserve(wanted: Wanted, service: ArtifactService, log: Log) -> tuple[str, str]:
    for number in range(1, _NAMES + 1):
        name = wanted.name if number == 1 else f"{wanted.name}-{number}"
        try:
            address = _created(name, wanted, service, log)
        except NameTaken:
            continue
        if number > 1:
            log.line(f"An artifact {wanted.name!r} exists already in this run; this one is named {name!r}.")
        return name, address
    raise UploadFailed(f"The run has {_NAMES} artifacts named {wanted.name!r} already.")


def _created(name: str, wanted: Wanted, service: ArtifactService, log: Log) -> str:
    """Without an end where it is refused with one: this machine's clock may be wrong, and the file counts more."""
    try:
        return service.create(name, wanted.expires_at)
    except Refused as refused:
        if wanted.expires_at is None or refused.status not in (400, 422):
            raise
        log.line(f"{refused} Without `retention-days`, it is kept as long as the repository keeps any.")
        return service.create(name, None)


def _make_room(name: str, service: ArtifactService, log: Log) -> None:
    try:
        for artifact in service.find(name):
            service.delete(artifact)
            log.line(f"The run's artifact {name!r} ({artifact.id}) is replaced.")
    except UploadFailed as failure:
        # Where the name is still taken, the upload finds another.
        log.line(f"An artifact {name!r} of this run may be left: {failure}")


def _shown(send: Callable[[bytes], None], entries: Sequence[Entry], log: Log) -> Callable[[bytes], None]:
    """`send` with a line at each tenth of a large upload."""
    total, sent, tenths = sum(entry.size for entry in entries), 0, 0

    def send_and_show(block: bytes) -> None:
        nonlocal sent, tenths
        send(block)
        sent += len(block)
        if total >= _SHOWN_FROM_BYTES and sent * 10 // total > tenths:
            tenths = sent * 10 // total
            log.line(f"{units.size(sent)} of about {units.size(total)} sent.")

    return send_and_show
