from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.report import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12.34, "12.3"),
        (9.996, "10.0"),
        (99.95, "100"),
        (1234, "1,230"),
        (0.0312, "0.0312"),
        (0.00009996, "1e-4"),
        (8.344e-7, "8.34e-7"),
        (5.1e-5, "5.1e-5"),
        (-1.5, "-1.50"),
        (123_456_789, "1.23e8"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_digits__keeps_three(value: float, text: str) -> None:
    assert units.digits(value) == text


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_digits__stays_within_half_a_percent(value: float) -> None:
    assert float(units.digits(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_999, "1.00 MB"),
        (90_868_376, "90.9 MB"),
        (3_200_000_000, "3.20 GB"),
        (10**16, "10.0 PB"),
        (10**19, "10,000 PB"),
    ],
)
def test_size__is_decimal(count: int, text: str) -> None:
    assert units.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.345, "345 ms"),
        (0.9996, "1.00 s"),
        (12.34, "12.3 s"),
        (59.9, "59.9 s"),
        (59.97, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3720, "1 h 2 min"),
    ],
)
def test_seconds__grow_into_minutes_and_hours(seconds: float, text: str) -> None:
    assert units.seconds(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.1, "4.10 ms"),
        (0.00855, "8.55 \N{MICRO SIGN}s"),
        (0.09994, "99.9 \N{MICRO SIGN}s"),
        (0.456, "0.456 ms"),
        (999.4, "999 ms"),
        (1234, "1.23 s"),
    ],
)
def test_milliseconds__grow_into_seconds(value: float, text: str) -> None:
    assert units.milliseconds(value) == text


@pytest.mark.parametrize(
    ("count", "text"), [(476, "476"), (999_999, "999,999"), (22_713_216, "22.7 M"), (7 * 10**9, "7.00 G")]
)
def test_amount__is_exact_below_a_million(count: int, text: str) -> None:
    assert units.amount(count) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 axis"), (2, "2 axes"), (1000, "1,000 axes")])
def test_plural__agrees_with_its_count(count: int, text: str) -> None:
    assert units.plural(count, "axis", "axes") == text
