"""Each gate is passed, failed, or undecided with its reason; a worse value never turns failed into passed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.gates import decision
from onnx_export_action.gates.figures import FIGURES
from onnx_export_action.records import Change, Comparison, Gate, GraphDiff, NoBase, Report
from tests import factories

NO_BASE = Comparison(baseline=NoBase(reason="No run has left one yet."))
REPORT = factories.make_report(
    comparison=None,
    variants=(factories.make_variant(), factories.make_failed_variant()),
    validation=factories.make_validation(
        samples=factories.make_samples(), elsewhere=(factories.make_elsewhere(), factories.make_elsewhere(0.25))
    ),
)
COMPARISON = factories.make_comparison(gates=())
SAME = GraphDiff(identical=True)
# What a condition's own file would say, with a base that it differs from in every way.
FULL = COMPARISON.model_copy(
    update={
        "figures": (
            *COMPARISON.figures,
            Change(name="activation-peak", unit="bytes", base=2e6, head=1e6),
            Change(name="parameters-float16", base=0, head=7),
        ),
        "answers": (
            factories.Movement(output="logits", max_abs_diff=0.02, agreement_pct=98.0, top5_pct=100.0),
            factories.Movement(output="pooled", max_abs_diff=0.5, agreement_pct=99.9, top5_pct=99.0),
        ),
    }
)


def gate(line: str, report: Report = REPORT, comparison: Comparison = FULL) -> Gate:
    (found,) = decision.decide([line], report, comparison)
    return found


def latency(low: float, ratio: float, high: float) -> Comparison:
    paired = factories.make_paired(low=low, ratio=ratio, high=high)
    return factories.make_comparison(latency=(paired,), gates=())


VALUES: dict[str, tuple[float, str]] = {
    "size": (90_387_630, "bytes"),
    "bundle-size": (90_854_839, "bytes"),
    "parameters": (22_713_216, "count"),
    **{name: (0, "count") for name in FIGURES if name.startswith("parameters-")},
    "parameters-float16": (7, "count"),
    "initializers": (103, "count"),
    "nodes": (476, "count"),
    "operator-gelu": (0, "count"),
    "inputs": (2, "count"),
    "outputs": (1, "count"),
    "macs": (1_209_000_000, "count"),
    "activation-peak": (1e6, "bytes"),
    "opset": (18, "count"),
    "ir-version": (8, "count"),
    "latency-p50": (4.11, "ms"),
    "latency-p50-large": (41.2, "ms"),
    "latency-p90": (4.182, "ms"),
    "latency-p90-large": (42.64, "ms"),
    "latency-spread": (100 * 0.09 / 4.11, "percent"),
    "latency-spread-large": (100 * 1.05 / 41.2, "percent"),
    "throughput": (1000 / 4.11, "items/s"),
    "throughput-large": (5000 / 41.2, "items/s"),
    "speedup": (7.41 / 4.11, "times"),
    "speedup-large": (60.3 / 41.2, "times"),
    "latency-in-references": (4.11 / 1.82, "times"),
    "load-time": (187.4, "ms"),
    "rss-peak": (312_000_000, "bytes"),
    "noise-floor": (1.1, "percent"),
    "max-abs-diff": (8.34e-7, ""),
    "max-rel-diff": (1.2e-4, ""),
    "signal-to-noise": (124.3, "dB"),
    "cases": (6, "count"),
    "axes-not-proven": (0, "count"),
    "sample-agreement": (99.8, "percent"),
    "tensorflow-diff": (0.25, ""),
    "attempts": (1, "count"),
    "export-seconds": (12.34, "s"),
    "export-memory": (1_230_000_000, "bytes"),
    "output-agreement": (98.0, "percent"),
    "output-top5": (99.0, "percent"),
    "output-diff": (0.5, ""),
    "nodes-added": (12, "count"),
    "nodes-removed": (6, "count"),
    "weights-changed": (9, "count"),
    "variants-failed": (1, "count"),
    "warnings": (0, "count"),
    "int8-dynamic-size": (23_100_916, "bytes"),
    "int8-dynamic-latency-p50": (2.04, "ms"),
    "int8-dynamic-max-abs-diff": (0.55, ""),
    "int8-dynamic-signal-to-noise": (15.1, "dB"),
    "int8-dynamic-agreement": (100 * 18 / 19, "percent"),
    "fp16-size": (45_560_374, "bytes"),
    "fp16-max-abs-diff": (0.06, ""),
    "fp16-signal-to-noise": (31.2, "dB"),
    "fp16-agreement": (100, "percent"),
}
# A file that was not delivered was not timed, and the run has no others.
OF_OTHERS = {"fp16-latency-p50"} | {name for name in FIGURES if name.startswith(("o1-", "o2-", "o3-", "o4-"))}


def test_values__name_every_figure() -> None:
    assert VALUES.keys() | OF_OTHERS == FIGURES.keys()


@pytest.mark.parametrize("name", VALUES)
def test_decide__every_figure_is_read_from_the_report(name: str) -> None:
    value, unit = VALUES[name]
    found = gate(f"{name} > {FIGURES[name].dimension.example}")
    assert (found.value, found.unit) == (pytest.approx(value), unit)


@pytest.mark.parametrize("name", FIGURES)
def test_decide__a_figure_that_was_not_measured_is_undecided(name: str) -> None:
    bare = factories.make_report(
        **dict.fromkeys(("benchmark", "validation", "graph", "export", "comparison")), files=(), warnings=("one",)
    )
    found = gate(f"{name} >= {FIGURES[name].dimension.example}", bare, NO_BASE)
    assert (found.outcome, bool(found.reason)) == (("passed", False) if name == "warnings" else ("undecided", True))


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("size > 90 MB", "failed"),
        ("size > 91 MB", "passed"),
        ("size > 90387630 B", "passed"),
        ("size >= 90387630 B", "failed"),
        ("size < 100 MB", "failed"),
        ("size <= 90 MB", "passed"),
        ("opset < 18", "passed"),
        ("opset < 19", "failed"),
        ("latency-p50 > 4.1 ms", "failed"),
        ("latency-p50 > 4.2 ms", "passed"),
        ("output-agreement < 99%", "failed"),
        ("output-agreement < 98%", "passed"),
        ("output-diff > 0.1", "failed"),
        ("size > +99.9%", "failed"),
        ("size > +100%", "passed"),
        ("size >= +100%", "failed"),
        ("nodes > +1%", "failed"),
        ("nodes > +2%", "passed"),
        ("parameters > +0%", "passed"),
        ("parameters >= +0%", "failed"),
        ("parameters-float16 > 6", "failed"),
        ("parameters-int8 > 0", "passed"),
        ("parameters-int8 > +1%", "passed"),
        ("activation-peak < -40%", "failed"),
        ("activation-peak > -60%", "failed"),
        ("activation-peak < -60%", "passed"),
        ("latency-p50-large > +9%", "failed"),
        ("latency-p50-large > +12%", "undecided"),
        ("latency-p50-large > +15%", "passed"),
        ("rss-peak > +20%", "undecided"),
        ("operator-matmul > 95", "failed"),
        ("Operator-NoSuch > 0", "passed"),
        ("int8-dynamic-latency-p50 > -40%", "passed"),
        ("int8-dynamic-latency-p50 < -47%", "undecided"),
        ("int8-dynamic-size > -75%", "failed"),
        ("INT8-dynamic-agreement < 95%", "failed"),
        ("fp16-latency-p50 > +5%", "undecided"),
        ("O2-size > +0%", "undecided"),
        ("speedup < 1.9", "failed"),
        ("speedup-large < 1.2x", "passed"),
        ("signal-to-noise < 124 dB", "passed"),
        ("macs > +1%", "undecided"),
        ("inputs changed", "passed"),
        ("outputs changed", "failed"),
        ("axes fixed", "passed"),
        ("operators changed", "failed"),
        ("weights changed", "failed"),
        ("graph changed", "failed"),
    ],
)
def test_decide__outcome(line: str, outcome: str) -> None:
    assert gate(line).outcome == outcome


@pytest.mark.parametrize(
    ("interval", "slower", "fewer"),
    [
        ((1.11, 1.15, 1.2), "failed", "undecided"),
        ((1.12, 1.15, 1.2), "failed", "failed"),
        ((1.05, 1.15, 1.2), "undecided", "undecided"),
        ((0.98, 1.0, 1.1), "passed", "passed"),
        ((0.5, 0.6, 0.7), "passed", "passed"),
        ((0.5, 1.0, 2.0), "undecided", "undecided"),
    ],
)
def test_decide__latency_by_its_interval(interval: tuple[float, float, float], slower: str, fewer: str) -> None:
    comparison = latency(*interval)
    assert gate("latency-p50 > +10.0001%", comparison=comparison).outcome == slower
    assert gate("throughput < -10%", comparison=comparison).outcome == fewer


def test_decide__latency_tells_its_interval() -> None:
    found = gate("latency-p50 > +10%", comparison=latency(1.05, 1.12, 1.2))
    assert (found.value, found.low, found.high) == tuple(map(pytest.approx, (12, 5, 20)))
    assert found.reason == "The limit lies inside the interval: more time may decide it."


def test_decide__throughput_tells_the_inverse_of_the_interval() -> None:
    found = gate("throughput < -10%", comparison=latency(0.5, 0.8, 1.25))
    assert (found.low, found.value, found.high) == tuple(map(pytest.approx, (-20, 25, 100)))


def test_decide__latency_of_its_own_unit_tells_its_spread() -> None:
    assert gate("latency-p50 > 20 ms").spread_pct == REPORT.benchmark.timings[0].spread_pct  # type: ignore[union-attr]


@pytest.mark.parametrize("line", ["size > +5%", "latency-p50 > +10%", "inputs changed", "output-diff > 1"])
def test_decide__without_a_base_nothing_fails(line: str) -> None:
    found = gate(line, comparison=NO_BASE)
    assert (found.outcome, found.reason) == ("undecided", "No baseline: No run has left one yet.")


def test_decide__a_base_of_zero_has_no_change_in_percent() -> None:
    comparison = factories.make_comparison(figures=(Change(name="macs", base=0, head=5),))
    assert gate("macs > +5%", comparison=comparison).outcome == "undecided"
    still = factories.make_comparison(figures=(Change(name="macs", base=0, head=0),))
    assert gate("macs > +5%", comparison=still).outcome == "passed"


def test_decide__undecided_fails_where_that_is_asked_for() -> None:
    lines = ["size > +5%", "size > 1 TB"]
    first, second = decision.decide(lines, REPORT, NO_BASE, "fail")
    assert (first.outcome, first.reason) == ("failed", "No baseline: No run has left one yet.")
    assert second.outcome == "passed"


def test_decide__names_what_changed() -> None:
    assert gate("outputs changed").detail == "sentence_embedding to last_hidden_state (renamed)"
    assert gate("operators changed").detail == "Gelu 6 to 0, Erf 0 to 6"
    assert gate("weights changed").detail == "encoder.layer.0.weight (values) and 8 more"
    assert gate("graph changed").detail == "12 nodes added, 6 removed, 1 altered"
    assert gate("inputs changed", comparison=factories.make_comparison(graph=SAME)).detail == "nothing"


def test_decide__one_gate_a_line_in_their_order() -> None:
    lines = ["opset < 17", "size > +5%", "inputs changed"]
    assert [found.condition for found in decision.decide(lines, REPORT, FULL)] == lines


BADNESS = {"passed": 0, "undecided": 1, "failed": 2}
PERCENTS = st.floats(-90, 400)
POSITIVE = st.floats(0.01, 10)


@given(PERCENTS, POSITIVE, POSITIVE, POSITIVE, POSITIVE, st.sampled_from([">", ">="]))
def test_decide__a_slower_file_never_does_better(
    limit: float, low: float, middle: float, high: float, worse: float, operator: str
) -> None:
    low, middle, high = sorted((low, middle, high))
    line, factor = f"latency-p50 {operator} {limit:+f}%", 1 + worse
    outcomes = [gate(line, comparison=latency(low * by, middle * by, high * by)).outcome for by in (1.0, factor)]
    assert BADNESS[outcomes[0]] <= BADNESS[outcomes[1]]


@given(st.floats(0, 1e12), st.integers(1, 10**12), st.integers(0, 10**12), st.sampled_from([">", ">="]))
def test_decide__a_larger_file_never_does_better(limit: float, size: int, more: int, operator: str) -> None:
    def outcome(line: str, head: int) -> str:
        change: dict[str, Any] = {"size": Change(name="size", unit="bytes", base=10**6, head=head), "figures": ()}
        return gate(line, comparison=factories.make_comparison(**change)).outcome

    for line in (f"size {operator} {limit!r}", f"size {operator} +{limit!r}%"):
        assert BADNESS[outcome(line, size)] <= BADNESS[outcome(line, size + more)]
