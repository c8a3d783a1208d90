"""Every way a run can end early: one class a cause, each with its exit status and the word users filter by.

RunError
├── UsageError         2  an input is wrong: the remedy is in the workflow or the model's folder
├── ExportError        3  no route could export the model
└── SurroundingsError  4  network, disk, memory or rights failed: the same run may pass elsewhere
"""


class RunError(Exception):
    """A failure with one sentence for the reader of the log and one for what to change."""

    exit_status = 4
    kind = "surroundings"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(RunError):
    """An input, the model's folder or the configuration is wrong."""

    exit_status = 2
    kind = "usage"


class ExportError(RunError):
    """Every route that was tried failed; the attempts say why."""

    exit_status = 3
    kind = "export"


class SurroundingsError(RunError):
    """Network, disk, memory or access rights failed."""
