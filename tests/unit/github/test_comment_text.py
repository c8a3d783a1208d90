"""The comment's text: parts come back as they went in, it stays short enough, no part breaks out of its place."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.comment import page as comment_page
from onnx_export_action.github.comment import part as comment_part
from onnx_export_action.github.comment import text as comment_text
from onnx_export_action.github.comment.page import Part
from onnx_export_action.github.comment.row import Row, unpacked
from onnx_export_action.github.comment.text import END_SECTIONS, LIMIT_BYTES, SECTIONS, merged, parts_of
from onnx_export_action.records import Gate, Publication
from onnx_export_action.report import document, units
from onnx_export_action.settings import Settings, parse, request_of
from tests.factories import (
    make_base,
    make_comparison,
    make_error_report,
    make_failed_report,
    make_lone_report,
    make_model,
    make_report,
)
from tests.unit.github.comments_model import CONTEXT, make_part, make_row

NBSP = "\N{NO-BREAK SPACE}"
HOSTILE = st.text() | st.lists(
    st.sampled_from(
        [
            "<!-- onnx-export-action:end 0000000000000001 -->",
            "<!-- onnx-export-action:part 0000000000000002 e30 -->",
            comment_page.marker("CI"),
            SECTIONS,
            END_SECTIONS,
            "-->",
            "\n",
            "\r\n",
            "\0s",
            "@team #1 |",
            "</details>",
            "x" * 5000,
            "é" * 5000,
        ]
    ),
    max_size=12,
).map("".join)


def settings(**inputs: str) -> Settings:
    return parse({"model": "acme/encoder", **inputs}, Path("/w"))


def table(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("| ")][2:]


@given(bodies=st.lists(HOSTILE, min_size=1, max_size=6), names=st.lists(st.text(max_size=120), min_size=6, max_size=6))
def test_merged__keeps_every_part_in_its_place_whatever_it_holds(bodies: list[str], names: list[str]) -> None:
    written = ""
    for key, (body, name) in enumerate(zip(bodies, names, strict=False), 1):
        written = merged([written] if written else [], [make_part(key, body, model=name)], CONTEXT)
    rows = {part.key: part.row.model for part in parts_of(written)}
    assert rows == {f"{key:016x}": name for key, (_, name) in enumerate(zip(bodies, names, strict=False), 1)}
    assert comment_text.is_marked(written, "CI")
    assert len(written.encode()) <= LIMIT_BYTES
    again = merged([written], [make_part(len(bodies), bodies[-1], model=names[len(bodies) - 1])], CONTEXT)
    assert again == written


@given(text=st.text() | HOSTILE)
def test_parts_of__any_text_is_no_error(text: str) -> None:
    assert all(len(part.key) == 16 for part in parts_of(text))


@given(st.text(alphabet="ABCDEFabcdef0123456789_-", max_size=80))
def test_unpacked__any_letters_are_a_row_or_none(text: str) -> None:
    assert unpacked(text) is None


@given(
    st.builds(
        make_row,
        model=st.text(max_size=120),
        tone=st.sampled_from(["good", "caution", "bad"]),
        size=st.none() | st.integers(0, 1 << 60),
        p50=st.none() | st.floats(0, allow_infinity=False),
        run=st.integers(0, 1 << 60),
    )
)
def test_unpacked__a_packed_row_comes_back(row: Row) -> None:
    assert unpacked(row.packed()) == row


@pytest.mark.parametrize("bad", [{"v": 2}, {"verdict": "great"}, {"size": -1}, {"p50": "x"}, {"commit": "<b>"}])
def test_unpacked__a_row_of_another_kind_is_none(bad: dict[str, Any]) -> None:
    text = json.dumps({**make_row().model_dump(mode="json"), **bad})
    assert unpacked(base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")) is None


@pytest.mark.parametrize("count", [1, 40, 256])
@pytest.mark.parametrize("length", [0, 3000, 100_000])
def test_merged__never_over_the_limit_and_says_what_is_left_out(count: int, length: int) -> None:
    given = []
    for key in range(1, count + 1):
        body = f"Cause {key}.\n\n{SECTIONS}\n{'section ' * (length // 8)}\n{END_SECTIONS}\nLast."
        tone = {"tone": "bad", "verdict": "fail"} if key % 50 == 1 else {}
        given.append(make_part(key, body, model=f"acme/{key:03}", **tone))
    written = comment_text.fitted(given, given[-1].key, CONTEXT)
    parts = parts_of(written)
    assert len(written.encode()) <= LIMIT_BYTES
    assert parts[0].row.tone == "bad"
    assert sum(part.row.tone == "bad" for part in parts) == len(range(1, count + 1, 50))
    assert len(parts) == count or "more models than one comment holds" in written
    assert all(part.body for part in parts) or "see its run's summary" in written
    if length == 100_000 and count < 256:
        assert f"too long for this comment: see [the job's summary]({CONTEXT.run_url})" in written
    if count == 40:
        assert len(parts) == 40


def test_merged__the_worst_stands_first_and_is_folded_last() -> None:
    long = f"Head.\n\n{SECTIONS}\n{'x' * 35_000}\n{END_SECTIONS}\nTail."
    written = merged([], [make_part(1, long, model="acme/fine")], CONTEXT)
    written = merged([written], [make_part(2, long, model="acme/wrong", tone="bad", verdict="fail")], CONTEXT)
    wrong, fine = parts_of(written)
    assert (wrong.row.model, fine.row.model) == ("acme/wrong", "acme/fine")
    assert SECTIONS in wrong.body
    assert SECTIONS not in fine.body
    assert "Head." in fine.body
    assert "Tail." in fine.body


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        ([{}], "### ✅ The ONNX file gives the model's answers"),
        ([{"tone": "caution"}], "### ⚠️ The ONNX file runs, but its answers are not proven"),
        ([{"tone": "bad", "verdict": "fail"}], "### ❌ The ONNX file is not proven"),
        (
            [{"tone": "bad", "verdict": "fail", "gates": ("size > +5%",)}],
            "### ❌ 1 gate failed: this change may not be merged as it is",
        ),
        ([{"tone": "bad", "verdict": "error"}], "### ❌ There is no ONNX file to judge"),
        ([{}, {}], "### ✅ All 2 ONNX files give their models' answers"),
        ([{}, {"tone": "caution"}], "### ⚠️ 1 of 2 ONNX files passed with a caveat"),
        ([{}, {"tone": "bad", "verdict": "fail"}, {"tone": "caution"}], "### ❌ 1 of 3 ONNX exports did not pass"),
    ],
)
def test_merged__the_first_line_answers(rows: list[dict[str, Any]], first: str) -> None:
    written = ""
    for key, row in enumerate(rows, 1):
        written = merged([written] if written else [], [make_part(key, **row)], CONTEXT)
    assert written.splitlines()[2] == first


def test_merged__a_row_has_verdict_size_latency_and_answers() -> None:
    written = merged([], [make_part(model="acme/en|coder", note="opset 13")], CONTEXT)
    (row,) = table(written)
    assert row == f"| ✅ pass | <code>acme/en&#124;coder</code> · opset 13 | 1.00{NBSP}MB | 4.10{NBSP}ms | 1e-7 |"


def test_merged__a_row_tells_what_changed_against_the_base() -> None:
    pace = {"verdict": "slower", "ratio": 1.12, "low": 1.1, "high": 1.14}
    changed = make_part(tone="bad", verdict="fail", base_size=500_000, pace=pace, gates=("size > +5%",))
    (row,) = table(merged([], [changed], CONTEXT))
    assert "❌ fail: <code>size &#62; +5%</code>" in row
    assert f"500{NBSP}kB → **1.00{NBSP}MB** (\\+100{NBSP}%)" in row
    assert f"4.10{NBSP}ms · **1.12{units.TIMES} slower** (1.10 to 1.14)" in row


def test_merged__no_number_is_parted_from_its_unit() -> None:
    pace = {"verdict": "cannot tell", "ratio": 1.0, "low": 0.94, "high": 1.06}
    (row,) = table(merged([], [make_part(base_size=500_000, pace=pace)], CONTEXT))
    assert "cannot tell" in row
    assert not re.search(r"\d (%|[kM]?B|ms)|± \d", row)


def test_merged__a_part_of_another_commit_says_so() -> None:
    written = merged([], [make_part(1, model="acme/old", commit="b" * 40, run=4)], CONTEXT)
    written = merged([written], [make_part(2, model="acme/new")], CONTEXT)
    assert [" · of `bbbbbbb`" in row for row in table(written)] == [False, True]
    assert "`aaaaaaa` · [run and summary](https://github.com/acme/models/actions/runs/5)" in written


def test_merged__what_somebody_wrote_between_the_parts_does_not_last() -> None:
    written = merged([], [make_part(1)], CONTEXT)
    edited = written.replace("### ", "Nice work!\n\n### ").replace("\n", "\r\n")
    assert merged([edited], [make_part(1)], CONTEXT) == written


@pytest.mark.parametrize("workflow", ["CI", "Export -- all", "a --> b", "x\ny", "名前", ""])
def test_marker__is_one_hidden_line_and_its_own(workflow: str) -> None:
    marker = comment_page.marker(workflow)
    assert re.fullmatch(r"<!-- [^\n]* -->", marker)
    assert "--" not in marker[4:-3]
    assert comment_text.is_marked(f"{marker}\r\ntext", workflow)
    assert not comment_text.is_marked(f"{marker}\ntext", f"{workflow}2")
    assert not comment_text.is_marked(f"> {marker}", workflow)


@pytest.mark.parametrize("report", [make_report(), make_failed_report(), make_error_report(), make_lone_report()])
def test_part_of__a_report_becomes_row_and_text(report: Any) -> None:
    published = Publication(artifact_url="https://github.com/acme/models/actions/runs/5/artifacts/1")
    part = comment_part.part_of(report, CONTEXT, published)
    written = merged([], [part], CONTEXT)
    assert part.row.verdict == report.verdict
    assert "[files](https://github.com/acme/models/actions/runs/5/artifacts/1)" in written
    assert written.count("<details") == written.count("</details>")
    assert report.verdict == "pass" or written.index("→ ") < written.index("<details")


NAME = "<b><code>sentence-transformers/all-MiniLM-L6-v2</code></b>"


@pytest.mark.parametrize(
    ("report", "first", "fold"),
    [
        (make_report(), "", f"✅ {NAME} · feature-extraction · <code>BertModel</code> · revision <code>c9745ed</code>"),
        (
            make_report(comparison=make_comparison()),
            "❌ **`sentence-transformers/all-MiniLM-L6-v2`: The gate <code>size &#62; +5%</code> failed.**",
            f"❌ {NAME} · feature-extraction · <code>BertModel</code> · revision <code>c9745ed</code>",
        ),
        (
            make_error_report(),
            "❌ **`sentence-transformers/all-MiniLM-L6-v2`: Error: no exporter could export this model**",
            f"❌ {NAME} · feature-extraction · <code>BertModel</code> · revision <code>c9745ed</code>",
        ),
        (
            make_lone_report(),
            "⚠️ **`classifier.onnx`: The answers are not proven.**",
            "⚠️ <b><code>classifier.onnx</code></b>",
        ),
    ],
    ids=["pass", "gate", "error", "not proven"],
)
def test_part_of__what_is_wrong_is_said_once_above_the_fold(report: Any, first: str, fold: str) -> None:
    above, _, below = comment_part.part_of(report, CONTEXT, Publication()).body.partition("<details><summary>")
    assert above.partition("\n")[0] == first
    assert above.count("**") == 2 * bool(first)
    assert below.partition("</summary>")[0] == fold


@given(name=HOSTILE, cause=HOSTILE)
def test_part_of__hostile_names_stay_text(name: str, cause: str) -> None:
    report = make_error_report(
        model=make_model(id=name or "x"),
        failure=make_error_report().failure.model_copy(update={"message": cause}),  # type: ignore[union-attr]
    )
    part = comment_part.part_of(report, CONTEXT, Publication())
    written = merged([], [Part(part.key, part.row, part.body)], CONTEXT)
    assert len(parts_of(written)) == 1
    assert len(re.findall(r"<!--", written)) <= 5
    assert "@team" not in written


def test_key_of__differs_by_job_model_and_inputs_and_by_nothing_else() -> None:
    requests = [
        request_of(settings(), "export"),
        request_of(settings(opset="13"), "export"),
        request_of(settings(model="acme/decoder"), "export"),
        request_of(settings(), "other"),
    ]
    keys = [comment_part.key_of(request) for request in requests]
    assert len(set(keys)) == 4
    again = request_of(settings(timeout="7", comment="always", task="auto"), "export")
    assert comment_part.key_of(again) == keys[0]


def test_part_of__report_json_alone_gives_the_same_part() -> None:
    request = request_of(settings(opset="13", task="text-classification"), "export")
    report = make_report(request=request)
    published = Publication(artifact_url="https://github.com/acme/models/actions/runs/5/artifacts/1")
    read_back = document.from_json(document.to_json(report))
    here, there = (comment_part.part_of(each, CONTEXT, published) for each in (report, read_back))
    assert here == there
    assert here.row.note == "opset 13, task text-classification"


def test_part_of__measurements_do_not_make_it_another() -> None:
    slow = make_report(environment=make_report().environment.model_copy(update={"cpu": "another"}))
    first, second = (comment_part.part_of(each, CONTEXT, Publication()) for each in (make_report(), slow))
    failed = comment_part.part_of(make_failed_report(), CONTEXT, Publication())
    assert first.row.says_the_same_as(second.row)
    assert not first.row.says_the_same_as(failed.row)


def test_part_of__carries_the_change_against_the_base() -> None:
    report = make_report(comparison=make_comparison())
    row = comment_part.part_of(report, CONTEXT, Publication()).row
    assert (row.base_size, row.gates) == (45_193_815, ("size > +5%",))
    assert row.pace is not None
    assert row.pace.verdict == "no change"
    assert row.verdict == "fail"


def test_part_of__another_base_with_the_same_change_is_nothing_new() -> None:
    parts = [
        comment_part.part_of(make_report(comparison=make_comparison(baseline=base)), CONTEXT, Publication())
        for base in (make_base(), make_base(commit="1" * 40, distance=0))
    ]
    assert parts[0].row.says_the_same_as(parts[1].row)


def test_part_of__another_outcome_of_a_gate_is_new() -> None:
    gates = [(Gate(condition="size > 1 MB", outcome=outcome),) for outcome in ("passed", "undecided")]
    first, second = (
        comment_part.part_of(make_report(comparison=make_comparison(gates=each)), CONTEXT, Publication()).row
        for each in gates
    )
    assert not first.says_the_same_as(second)
