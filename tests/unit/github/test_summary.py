from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github import summary
from onnx_export_action.report import markdown
from tests.factories import make_case, make_report, make_validation

REPORT = markdown.render(make_report())
CUT = summary.fit(REPORT, len(REPORT.encode()) - 1)


def _is_whole(text: str) -> bool:
    folds = text.count("<details") == text.count("</details>")
    return folds and text.count("```") % 2 == 0 and text.count("<pre>") == text.count("</pre>")


def test_fit__what_fits_is_not_touched() -> None:
    assert summary.fit(REPORT, len(REPORT.encode())) == REPORT


def test_fit__says_that_it_was_cut() -> None:
    assert CUT.endswith("The whole report is in `report.md` and `report.html`.*\n")


@given(st.integers(min_value=0, max_value=len(REPORT.encode())))
def test_fit__cuts_at_the_end_of_a_section(budget: int) -> None:
    cut = summary.fit(REPORT, budget)
    assert len(cut.encode()) <= budget
    assert _is_whole(cut)
    kept = cut.rpartition("*The rest is cut")[0]
    assert REPORT.startswith(kept)
    assert kept == "" or kept.endswith("\n\n") or cut == REPORT


@given(st.integers(min_value=0, max_value=len(REPORT.encode())))
def test_fit__never_ends_inside_a_table(budget: int) -> None:
    kept = summary.fit(REPORT, budget).rpartition("*The rest is cut")[0]
    rest = REPORT[len(kept) :]
    assert not (kept.rstrip("\n").endswith("|") and rest.startswith("|"))


@pytest.mark.parametrize("budget", [-5, 0, 20])
def test_fit__gives_nothing_where_not_even_the_sentence_fits(budget: int) -> None:
    assert summary.fit(REPORT, budget) == ""


def test_fit__drops_a_section_that_is_too_big_and_keeps_the_verdict() -> None:
    cases = tuple(make_case(f"batch {number}, sequence 7") for number in range(40_000))
    text = markdown.render(make_report(validation=make_validation(cases=cases)))
    cut = summary.fit(text, summary.LIMIT_BYTES)
    assert cut.startswith("### ✅ Pass")
    assert "| exporter |" in cut
    assert "sequence 7 | 8.34e-7" not in cut


@pytest.mark.parametrize(
    "block",
    [
        "```sh\n\n<details>\n\n</details>\n```",
        "<pre><code>\n\n&lt;x\n\n</code></pre>",
        "<details>\n\n<details>\n\n</details>\n\n</details>",
    ],
)
def test_section_ends__none_inside_a_block(block: str) -> None:
    text = f"a\n\n{block}\n\nb\n"
    assert summary.section_ends(text) == [3, len(text) - 2]


def test_write_summary__appends_and_counts_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_bytes(b"x" * (summary.LIMIT_BYTES - 2000))
    summary.write_summary(path, REPORT)
    size = path.stat().st_size
    assert summary.LIMIT_BYTES - 2000 < size <= summary.LIMIT_BYTES
    assert "The rest is cut" in path.read_text(encoding="utf-8")


def test_write_summary__makes_the_file(tmp_path: Path) -> None:
    summary.write_summary(tmp_path / "summary", REPORT)
    assert (tmp_path / "summary").read_text(encoding="utf-8") == REPORT
