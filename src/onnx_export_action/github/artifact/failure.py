"""The ways an upload can end early; each message is a sentence for the annotation."""

from __future__ import annotations


class UploadFailed(Exception):
    """The artifact was not delivered."""


class NoService(UploadFailed):
    """The server has no artifact service of version 4: nothing is broken, another step must upload."""


class NameTaken(UploadFailed):
    """An artifact of this name exists already in the workflow run."""


class Refused(UploadFailed):
    """The server answered with an error that another try does not change."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class MustRestart(UploadFailed):
    """A block may have arrived although it seemed to fail, at a server that appends whatever arrives."""
