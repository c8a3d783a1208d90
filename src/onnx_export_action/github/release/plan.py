"""The next steps from the assets that a release has to those that it should have.

A file is uploaded beside the one that it replaces, and takes its name when all are there: whatever
breaks off in between, the release keeps whole files that belong together. Its uploads are known by
their names, its assets by their labels; no other asset is touched.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from onnx_export_action.github.failure import Failed
from onnx_export_action.github.release.wanted import Wanted


class Asset(BaseModel):
    """An asset as GitHub lists it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
    name: str
    label: str | None = None
    state: str
    size: int
    digest: str | None = None


@dataclass(frozen=True)
class Upload:
    """Send a file under a name of its own."""

    wanted: Wanted
    name: str
    label: str


@dataclass(frozen=True)
class Rename:
    """Give an upload the name of the asset that it is."""

    asset: Asset
    name: str
    label: str


@dataclass(frozen=True)
class Remove:
    """Remove an asset of ours."""

    asset: Asset


Step = Upload | Rename | Remove


def label_of(name: str, job: str) -> str:
    """By it an asset is known to be of a job; GitHub shows it in the name's place."""
    return f"{name} (onnx-export-action {job})"


def upload_name(wanted: Wanted, job: str) -> str:
    """The name of an upload until all are there; other content has another."""
    return f"{wanted.name}.{job}.{wanted.sha256[:12]}.uploading"


def next_steps(
    standing: Sequence[Asset], wanted: Sequence[Wanted], job: str, known: Collection[int] = ()
) -> list[Step]:
    """Uploads until all are there, only then the changes of names; nothing when all is right. Raises Failed.

    `known` are assets that were seen to be right: not every server tells a digest.
    """
    assets = {asset.name: asset for asset in standing}
    _refuse_foreign(assets, wanted, job)
    changed = [each for each in wanted if not is_right(assets.get(each.name), each, known)]
    waiting = {each.name: assets.get(upload_name(each, job)) for each in changed}
    missing = [each for each in changed if not is_right(waiting[each.name], each, known, by_name=True)]
    kept = {each.name for each in wanted} | {upload_name(each, job) for each in changed if each not in missing}
    useless = [Remove(asset) for asset in standing if asset.name not in kept and _is_ours(asset, job)]
    if missing:
        broken = [step for step in useless if step.asset.name.endswith(".uploading")]
        # The smallest first: what forbids an upload is said before gigabytes are sent.
        in_order = sorted(missing, key=lambda each: each.size)
        return [*broken, *(Upload(each, upload_name(each, job), label_of(each.name, job)) for each in in_order)]
    steps: list[Step] = []
    for each in changed:
        old, new = assets.get(each.name), waiting[each.name]
        steps += [Remove(old)] if old else []
        steps += [Rename(new, each.name, label_of(each.name, job))] if new else []
    return [*steps, *useless]


def is_right(asset: Asset | None, wanted: Wanted, known: Collection[int] = (), by_name: bool = False) -> bool:
    """Whether an asset is whole and has the content; an upload's name tells that too."""
    if asset is None or asset.state != "uploaded" or asset.size != wanted.size:
        return False
    return asset.digest == f"sha256:{wanted.sha256}" or (asset.digest is None and (by_name or asset.id in known))


def _refuse_foreign(assets: dict[str, Asset], wanted: Sequence[Wanted], job: str) -> None:
    taken = [each.name for each in wanted if each.name in assets and not _is_ours(assets[each.name], job)]
    if taken:
        raise Failed(
            f"The release has an asset {taken[0]!r} that another job or person put there, and it stays. Give this "
            "model another `artifact-name`, or delete the asset."
        )


def _is_ours(asset: Asset, job: str) -> bool:
    is_upload = re.fullmatch(rf".+\.{re.escape(job)}\.[0-9a-f]{{12}}\.uploading", asset.name)
    return asset.label == label_of(asset.name, job) or is_upload is not None
