"""A variants' service that the kernel ends while it works."""

from __future__ import annotations

import os
import signal

from onnx_export_action.variants import service


class Service(service.Service):
    """Everything as it is, but for making a file."""

    def make(self, **_: str) -> None:  # type: ignore[override]
        """End without a word."""
        os.kill(os.getpid(), signal.SIGKILL)
