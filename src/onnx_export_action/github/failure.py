"""How a call to GitHub's API can fail; each message is a sentence. Here, as PyGithub takes a second to import."""

from __future__ import annotations


class Failed(Exception):
    """It was not done; the message is a sentence."""

    # The address of a comment that is right all the same.
    standing: str | None = None


class ReadOnly(Failed):
    """The token has not the right to."""


class Missing(Failed):
    """It does not exist, or not for this token."""


class Unsure(Failed):
    """A call ended without an answer that could be read: what it asked for may have been done."""


class Later(Failed):
    """GitHub asks to wait, and has done nothing."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
