from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.runner import RunnerLog, harmless_lines
from onnx_export_action.log import Log
from tests.unit.github.runner_model import commands

COMMANDS = (
    "::error::gone wrong",
    "  \t::set-output name=verdict::pass",
    "\u2003::add-mask::a",
    "text\r::stop-commands::x",
    "ok\n::warning::x",
    "in the middle ##[error]x",
    "##[group]a##[endgroup]",
    "\x1b[2K::error::behind an escape",
    "#\x00#[error]x",
    "\u200b::error::x",
    ":\x07:error::x",
    "\x1b]8;;x\x07##\x1b[0m[error]",
)
hostile = st.one_of(
    st.sampled_from(COMMANDS),
    st.lists(st.sampled_from([*COMMANDS, *":#[] %\r\n\t\x1b\x00ab", "::"]), max_size=12).map("".join),
    st.text(max_size=30),
)


def _clock() -> Callable[[], float]:
    ticks: Iterator[float] = iter(range(0, 1000, 2))
    return lambda: next(ticks)


def _log() -> tuple[RunnerLog, io.StringIO]:
    stream = io.StringIO()
    return RunnerLog(stream, _clock()), stream


def test_group__is_folded_and_timed() -> None:
    log, stream = _log()
    used: Log = log  # RunnerLog is a Log
    with used.group("Export with torch"):
        used.line("6 cases")
        used.output("Tracing…")
    assert stream.getvalue().splitlines() == [
        "::group::Export with torch",
        "6 cases",
        "  Tracing…",
        "::endgroup::",
        "✓ Export with torch (2.00 s)",
    ]


def test_group__inside_a_group_opens_no_second_one() -> None:
    log, stream = _log()
    with log.group("outer"), log.group("inner"):
        log.line("work")
    assert [name for name, _, _ in commands(stream.getvalue())] == ["group", "endgroup"]
    assert "✓ inner (2.00 s)" in stream.getvalue()


def test_group__is_closed_and_crossed_when_it_fails() -> None:
    log, stream = _log()
    with pytest.raises(ValueError, match="no"), log.group("Export"):
        raise ValueError("no")
    assert stream.getvalue().splitlines()[1:] == ["::endgroup::", "✗ Export (2.00 s)"]


@given(hostile, st.sampled_from(["line", "output"]))
def test_line__is_never_a_command(text: str, say: str) -> None:
    log, stream = _log()
    getattr(log, say)(text)
    assert commands(stream.getvalue()) == []


@given(hostile, st.sampled_from(["warning", "error"]))
def test_annotation__is_one_command_and_nothing_else(text: str, level: str) -> None:
    log, stream = _log()
    getattr(log, level)(text)
    ((name, properties, _),) = commands(stream.getvalue())
    assert (name, properties) == (level, "title=onnx-export-action")
    assert stream.getvalue().count("\n") == 1


@given(hostile)
def test_group__title_is_one_command_and_nothing_else(title: str) -> None:
    log, stream = _log()
    with log.group(title):
        pass
    assert [name for name, _, _ in commands(stream.getvalue())] == ["group", "endgroup"]


@pytest.mark.parametrize("text", ["100 % sure", "a\nb", "a\r\nb", "a%0Ab", "key: value, other"])
def test_error__reaches_the_reader_as_it_was(text: str) -> None:
    log, stream = _log()
    log.error(text)
    assert commands(stream.getvalue())[0][2] == text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("plain", ["plain"]),
        ("\x1b[1;31mred\x1b[0m", ["red"]),
        ("50 %\r100 %", ["50 %", "100 %"]),
        (" ::error::x", ["|  ::error::x"]),
        ("std::vector", ["std::vector"]),
        ("a ##[error]b", ["a ## [error]b"]),
        ("tab\tstays", ["tab\tstays"]),
        ("", [""]),
    ],
)
def test_harmless_lines__changes_no_more_than_it_must(text: str, lines: list[str]) -> None:
    assert harmless_lines(text) == lines


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("hf_abcdefghijkl", "::add-mask::hf_abcdefghijkl\n"),
        ("two\nlines%1", "::add-mask::two%0Alines%251\n"),
        ("short", ""),
        ("", ""),
    ],
)
def test_add_mask__hides_secrets_but_never_short_words(value: str, written: str) -> None:
    log, stream = _log()
    log.add_mask(value)
    assert stream.getvalue() == written
