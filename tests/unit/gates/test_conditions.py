"""A line of `fail-on` is one condition, or a sentence that says what would be one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.gates.conditions import OPERATORS, Condition, Happened, Limit, WrongCondition, parse
from onnx_export_action.gates.events import EVENTS
from onnx_export_action.gates.figures import FIGURES, LISTED

LIMITS = [
    ("size > 100 MB", ("size", ">", 1e8)),
    ("size>100mb", ("size", ">", 1e8)),
    ("size >= 1.5 GiB", ("size", ">=", 1.5 * 2**30)),
    ("size < 2 KiB", ("size", "<", 2048)),
    ("size > 512 B", ("size", ">", 512)),
    ("size > 5e6", ("size", ">", 5e6)),
    ("  rss-peak\t<=  1   TB ", ("rss-peak", "<=", 1e12)),
    ("latency-p50 > 20 ms", ("latency-p50", ">", 20)),
    ("latency-p50 > 20us", ("latency-p50", ">", 0.02)),
    ("latency-p50 > 20 µs", ("latency-p50", ">", 0.02)),
    ("latency-p50 > 20 \N{GREEK SMALL LETTER MU}s", ("latency-p50", ">", 0.02)),
    ("load-time > .5 s", ("load-time", ">", 500)),
    ("export-seconds > 90", ("export-seconds", ">", 90)),
    ("export-seconds > 2 min", ("export-seconds", ">", 120)),
    ("parameters > 22.7M", ("parameters", ">", 22.7e6)),
    ("opset < 17", ("opset", "<", 17)),
    ("OPSET < 17", ("opset", "<", 17)),
    ("max-abs-diff > 1e-4", ("max-abs-diff", ">", 1e-4)),
    ("max-abs-diff > 1E-4", ("max-abs-diff", ">", 1e-4)),
    ("output-agreement < 99%", ("output-agreement", "<", 99)),
    ("output-agreement < 99.5 %", ("output-agreement", "<", 99.5)),
    ("throughput < 200/s", ("throughput", "<", 200)),
    ("noise-floor > 5%", ("noise-floor", ">", 5)),
]

CHANGES = [
    ("size > +5%", ("size", ">", 5)),
    ("size < -3%", ("size", "<", -3)),
    ("size > -3 %", ("size", ">", -3)),
    ("latency-p50>+10%", ("latency-p50", ">", 10)),
    ("latency-p50-large > +1e1%", ("latency-p50-large", ">", 10)),
    ("throughput < -0.5%", ("throughput", "<", -0.5)),
]

WRONG = [
    ("", "is no condition"),
    ("size", "'size' is no condition"),
    ("size changed", "is no condition"),
    ("inputs change", "did you mean 'inputs changed'"),
    ("sise > +5%", "unknown figure 'sise', did you mean 'size'"),
    ("latency > 5 ms", "or 'latency-p50' or"),
    ("size == 5", "the operators are > >= < <="),
    ("size => 5", "the operators are > >= < <="),
    ("size >", "`100 MB`, or as a change against the base with its sign, e.g. `+5%`"),
    ("size > 5%", "`100 MB`, or as a change against the base with its sign, e.g. `+5%`"),
    ("size > +5", "e.g. `+5%`"),
    ("size > +5 MB", "e.g. `+5%`"),
    ("size > 5 ms", "`100 MB`"),
    ("size > many", "`100 MB`"),
    ("size > nan", "`100 MB`"),
    ("size > 1 000", "`100 MB`"),
    ("size > 1e999", "the limit is too large"),
    ("size > +1e999%", "the limit is too large"),
    ("latency-p50 > 5", "the limit of latency-p50 is written e.g. `20 ms`"),
    ("latency-p90 > +10%", "there is no change against the base to decide by"),
    ("max-abs-diff > +10%", "there is no change against the base to decide by"),
    ("output-agreement < -1%", "written e.g. `99%`; there is no change"),
    ("output-agreement < 99", "written e.g. `99%`"),
    ("output-agreement < 0.99", "written e.g. `99%`"),
]

NUMBERS = st.floats(min_value=0, max_value=1e15, allow_nan=False)


def limit_of(condition: Condition) -> tuple[str, str, float, bool]:
    assert isinstance(condition, Limit)
    return condition.name, condition.operator, condition.limit, condition.relative


@pytest.mark.parametrize(("line", "expected"), LIMITS)
def test_parse__limit(line: str, expected: tuple[str, str, float]) -> None:
    assert limit_of(parse(line)) == (*expected[:2], pytest.approx(expected[2]), False)


@pytest.mark.parametrize(("line", "expected"), CHANGES)
def test_parse__change_against_the_base(line: str, expected: tuple[str, str, float]) -> None:
    assert limit_of(parse(line)) == (*expected, True)


@pytest.mark.parametrize("event", EVENTS)
def test_parse__structural_change(event: str) -> None:
    assert parse(f" {event.upper().replace(' ', '   ')}") == Happened(event, event)


@pytest.mark.parametrize(("line", "sentence"), WRONG)
def test_parse__wrong_condition_says_what_is_expected(line: str, sentence: str) -> None:
    with pytest.raises(WrongCondition) as caught:
        parse(line)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("line", ["sise > 5", "size", "everything changed"])
def test_parse__unknown_name_lists_those_that_exist(line: str) -> None:
    with pytest.raises(WrongCondition) as caught:
        parse(line)
    assert all(name in str(caught.value) for name in [*LISTED, *EVENTS])


@given(st.text(max_size=40))
def test_parse__any_text_is_a_condition_or_refused(line: str) -> None:
    with contextlib.suppress(WrongCondition):
        assert parse(line).text == " ".join(line.split())


@given(st.sampled_from(sorted(FIGURES)), st.sampled_from(sorted(OPERATORS)), NUMBERS, st.data())
def test_parse__what_is_written_is_what_is_read(name: str, operator: str, number: float, data: st.DataObject) -> None:
    unit, factor = data.draw(st.sampled_from(sorted(FIGURES[name].dimension.factors.items())))
    condition = parse(f"{name} {operator} {number!r} {unit}")
    assert limit_of(condition) == (name, operator, number * factor, False)
    assert parse(condition.text) == condition


@given(st.sampled_from(sorted(name for name in FIGURES if FIGURES[name].relative)), NUMBERS, st.sampled_from("+-"))
def test_parse__what_is_written_is_read_as_a_change(name: str, number: float, sign: str) -> None:
    condition = parse(f"{name} > {sign}{number!r}%")
    assert limit_of(condition) == (name, ">", float(f"{sign}{number!r}"), True)
    assert parse(condition.text) == condition
