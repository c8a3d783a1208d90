"""The assets of one release, listed and changed; imported only where it runs, as PyGithub takes a second."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import github

from onnx_export_action.github import rest
from onnx_export_action.github.failure import Failed, Missing, Unsure
from onnx_export_action.github.release.found import Found, pages, upload_address
from onnx_export_action.github.release.plan import Asset, Rename, Upload, is_right
from onnx_export_action.github.release.sending import Sending
from onnx_export_action.log import Log
from onnx_export_action.report import units

# For how long an upload's connection may be silent, and the server think about what it has got.
UPLOAD_SECONDS = 120
CLOSED = (
    "Release {tag!r} is immutable and published: GitHub takes no more assets for it. Attach them while the release is "
    'a draft, as docs/release.md shows under "Immutable releases".'
)


class ReleaseAssets:
    """What `settle` needs of one release."""

    def __init__(self, client: github.Github, address: str, release: Found, token: str, log: Log) -> None:
        self._github, self._address, self._release, self._log = client, address, release, log
        self._to = upload_address(release, address)
        parts = urlsplit(self._to)
        # PyGithub bounds no wait for a host that is not its client's own.
        self._uploads = rest.connect(f"{parts.scheme}://{parts.netloc}", token, UPLOAD_SECONDS)

    def close(self) -> None:
        """Close the connection for uploads."""
        self._uploads.close()

    def assets(self) -> list[Asset]:
        """All assets of the release, half ones too."""
        address = f"{self._address}/{self._release.id}/assets"
        return rest.read(lambda: pages(self._github, address, Asset), "the release's assets")

    def upload(self, step: Upload) -> None:
        """Send a file from the disk."""
        wanted, parameters = step.wanted, {"name": step.name, "label": step.label}
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(wanted.size)}
        self._log.line(f"Sending {wanted.name}, {units.size(wanted.size)}.")
        with closing(Sending(wanted, self._log)) as body:

            def send() -> None:
                requester, content = self._uploads.requester, cast(BinaryIO, body)
                _, answer = requester.requestMemoryBlobAndCheck("POST", self._to, parameters, headers, content)
                if not is_right(Asset.model_validate(answer), wanted, by_name=True):
                    raise Unsure(f"{wanted.name} has not arrived as it was sent.")

            self._asked(send, f"the new asset {wanted.name}")

    def rename(self, step: Rename) -> None:
        """Another name for an asset."""
        content = {"name": step.name, "label": step.label}
        self._asked(lambda: self._call("PATCH", step.asset, content), f"the name of the new asset {step.name}")

    def remove(self, asset: Asset) -> None:
        """Delete an asset; one that is gone is no error."""
        try:
            self._asked(lambda: self._call("DELETE", asset), f"the removal of the asset {asset.name}")
        except Missing:
            return

    def _call(self, verb: str, asset: Asset, content: dict[str, str] | None = None) -> object:
        address = f"{self._address}/assets/{asset.id}"
        return self._github.requester.requestJsonAndCheck(verb, address, input=content)

    def _asked(self, call: Callable[[], object], what: str) -> None:
        rest.asked(lambda: self._told(call), what)

    def _told(self, call: Callable[[], object]) -> object:
        """The call, with what GitHub's status 422 can mean here."""
        try:
            return call()
        except github.GithubException as error:
            said = str(error.data).lower()
            if error.status == 422 and "already_exists" in said:
                raise Unsure("The release has an asset of this name already.") from None
            if error.status == 422 and "immutable" in said:
                raise Failed(CLOSED.format(tag=self._release.tag_name)) from None
            raise
