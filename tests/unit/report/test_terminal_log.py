from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from rich.console import Console

from onnx_export_action.log import Log
from onnx_export_action.report.terminal_log import TerminalLog


def _clock() -> Callable[[], float]:
    ticks: Iterator[float] = iter(range(0, 1000, 2))
    return lambda: next(ticks)


def _log(terminal: bool = False) -> tuple[Log, io.StringIO]:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=terminal, color_system=None, highlight=False)
    return TerminalLog(console, _clock()), stream


def test_group__tells_title_work_and_time_in_plain_lines() -> None:
    log, stream = _log()
    with log.group("Export with torch"):
        log.line("6 cases")
        log.output("Tracing…")
    assert stream.getvalue().splitlines() == [
        "Export with torch …",
        "  6 cases",
        "  Tracing…",
        "✓ Export with torch (2.00 s)",
    ]


def test_group__ends_with_a_cross_when_it_fails() -> None:
    log, stream = _log()
    with pytest.raises(ValueError, match="no"), log.group("Export"):
        raise ValueError("no")
    assert stream.getvalue().splitlines()[-1] == "✗ Export (2.00 s)"


def test_group__inside_a_group_is_indented() -> None:
    log, stream = _log()
    with log.group("outer"), log.group("inner"):
        log.line("work")
    assert stream.getvalue().splitlines() == [
        "outer …",
        "  inner …",
        "    work",
        "  ✓ inner (2.00 s)",
        "✓ outer (6.00 s)",
    ]


def test_group__on_a_terminal_shows_its_title_while_it_works() -> None:
    log, stream = _log(terminal=True)
    with log.group("Export"), log.group("inner"):
        log.line("work")
    shown = stream.getvalue()
    assert shown.index("Export") < shown.index("work") < shown.index("✓ Export")


@pytest.mark.parametrize("say", ["line", "output", "warning", "error"])
def test_log__prints_foreign_text_as_it_is_on_one_line(say: str) -> None:
    log, stream = _log()
    getattr(log, say)("[bold]a[/bold] \x1b[31mb\nc :smile: " + "long " * 40)
    assert "[bold]a[/bold] \ufffd[31mb c :smile: long" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(("say", "shown"), [("warning", "Warning: x\n"), ("error", "Error: x\n")])
def test_log__names_what_is_not_progress(say: str, shown: str) -> None:
    log, stream = _log()
    getattr(log, say)("x")
    assert stream.getvalue() == shown
