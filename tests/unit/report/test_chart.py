"""A chart in its three renderings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.records import Point
from onnx_export_action.report import chart
from onnx_export_action.report.blocks import Chart
from onnx_export_action.report.trend import trend_section
from tests.factories import make_comparison, make_report

VALUES = st.lists(st.floats(0, 1e12), min_size=2, max_size=31)


def make_chart(*values: float, label: str = "a1b2c3d") -> Chart:
    return Chart("Size", "MB", (label,) * len(values), values)


@given(VALUES)
def test_points__lie_in_the_drawing_and_keep_the_order(values: list[float]) -> None:
    placed = chart.points(make_chart(*values))
    assert all(0 <= x <= chart.WIDTH and 0 <= y <= chart.HEIGHT for x, y in placed)
    assert [x for x, _ in placed] == sorted(x for x, _ in placed)
    assert placed[values.index(max(values))][1] == min(y for _, y in placed)


@given(VALUES)
def test_bars__one_character_a_value(values: list[float]) -> None:
    assert len(chart.bars(make_chart(*values))) == len(values)


def test_points__of_equal_values_are_a_level_line() -> None:
    assert len({y for _, y in chart.points(make_chart(0, 0, 0))}) == 1


@pytest.mark.parametrize("label", ['a"] \n end', "```", "%%{init}%%", "<script>", "a;b"])
def test_mermaid__no_label_is_syntax(label: str) -> None:
    source = chart.mermaid(make_chart(1, 2, label=label))
    drawn = source.splitlines()[-5:]
    assert drawn[0] == "xychart-beta"
    assert not set("`<>{};") & set("".join(drawn).replace("-->", ""))
    assert "".join(drawn).count('"') == 2 + 2 + 4


def test_trend_section__a_base_by_its_path_alone_is_no_trend() -> None:
    points = (Point(size_bytes=1000, commit="", relative_latency=1.0),)
    assert trend_section(make_report(comparison=make_comparison(history=points))) is None
    points += (Point(size_bytes=1000, commit="1111111"),)
    assert trend_section(make_report(comparison=make_comparison(history=points))) is not None
