"""The progress of a download, said in lines: huggingface_hub draws bars, and a job's log cannot."""

from __future__ import annotations

from typing import Any, Self

from onnx_export_action.log import Log

_STEP_PERCENT = 10


def progress_into(log: Log | None, name: str) -> type[Any]:
    """A class in the shape of tqdm, for one file, that says every tenth part of it; nothing without a log."""

    class Lines:
        def __init__(self, *_: object, total: float | None = None, initial: float = 0, **__: object) -> None:
            self.total = total
            self.n = initial
            self._said = 0

        def update(self, count: float | None = 1) -> None:
            self.n += count or 0
            percent = int(100 * self.n / self.total) if self.total else 0
            if log is not None and percent >= self._said + _STEP_PERCENT:
                self._said = percent - percent % _STEP_PERCENT
                log.line(f"{name}: {self._said} % of {(self.total or 0) / 1e6:,.0f} MB")

        def close(self) -> None:
            """Nothing is drawn, so nothing has to be closed."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    return Lines
