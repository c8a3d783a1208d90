from __future__ import annotations

import html as entities
import re

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from onnx_export_action.records import Axis, Check, Failure, Graph, Report, Tensor
from onnx_export_action.report import markdown
from tests.factories import (
    make_attempt,
    make_benchmark,
    make_case,
    make_disagreement,
    make_environment,
    make_error_report,
    make_export,
    make_failed_report,
    make_file,
    make_graph,
    make_lone_report,
    make_model,
    make_parity,
    make_report,
    make_samples,
    make_timing,
    make_validation,
)
from tests.unit.report.test_escape import hostile

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def hostile_report(text: str) -> Report:
    """The same foreign text wherever a report takes one."""
    tensor = Tensor(name=text, dtype=text, shape=(text, 3))
    return Report(
        tool_version="0.1.0",
        model=make_model(id=text, task=text, architecture=text, revision=text),
        export=make_export(
            attempts=(make_attempt(text, ok=False, cause=text, hint=text),), exporter=text, reference=text
        ),
        graph=Graph(nodes=1, operators={text: 2}, initializers=1, parameters=1, inputs=(tensor,), outputs=(tensor,)),
        files=(make_file(f"{text}.onnx"), make_file("tokenizer.json")),
        validation=make_validation(
            checks=(Check(name=text, passed=False, detail=text),),
            cases=(
                make_case(text, error=text, outputs=()),
                make_case(text, outputs=(make_parity(output=text, passed=False, detail=text),)),
            ),
            dynamic_axes=(Axis(input=text, axis=0, name=text, wanted=True, declared=False),),
            samples=make_samples(
                source=text,
                error=text,
                worst=(make_disagreement(place=text, sample=text, expected=text, actual=text),),
            ),
        ),
        benchmark=make_benchmark(provider=text, timings=(make_timing(shape=text),)),
        environment=make_environment(cpu=text, kernel=text, python=text, versions={text: text}),
        failure=Failure(kind=text, message=text, remedy=text) if len(text) % 2 else None,
        warnings=(text,),
        reproduce=text,
    )


@settings(max_examples=60)
@given(hostile.filter(bool))
def test_render__foreign_text_changes_no_structure(text: str) -> None:
    written = markdown.render(hostile_report(text))
    calm = markdown.render(hostile_report("x" * (2 + len(text) % 2)))
    kinds = ("table_open", "tr_open", "td_open", "heading_open", "hr", "bullet_list_open", "blockquote_open")
    for kind in kinds:
        count, expected = (sum(t.type == kind for t in PARSER.parse(each)) for each in (written, calm))
        assert count == expected, kind
    assert written.count("<details") == written.count("</details>") + _in_fences(written) == calm.count("<details")


def _in_fences(written: str) -> int:
    fences = [token.content for token in PARSER.parse(written) if token.type == "fence"]
    return sum(content.count("<details") - content.count("</details>") for content in fences)


@settings(max_examples=60)
@given(hostile)
def test_render__calls_nobody_outside_code_to_copy(text: str) -> None:
    outside = re.sub(r"```.*?```|<pre>.*?</pre>", "", markdown.render(hostile_report(text)), flags=re.DOTALL)
    assert not re.search(r"@\w", entities.unescape(outside))
    assert set(re.findall(r"<[^>]*>?", outside)) <= OUR_TAGS


OUR_TAGS = {
    "<details>",
    "<details open>",
    "</details>",
    "<summary>",
    "</summary>",
    "<b>",
    "</b>",
    "<sub>",
    "</sub>",
    "<code>",
    "</code>",
}


@pytest.mark.parametrize(
    ("report", "first"),
    [
        (make_report(), "### ✅ Pass: the ONNX file gives the model's answers"),
        (make_failed_report(), "### ❌ Fail: the ONNX file does not give the model's answers"),
        (make_lone_report(), "### ⚠️ Pass with a caveat: the file runs, but its answers are not proven"),
        (make_error_report(), "### ❌ Error: no exporter could export this model"),
        (make_error_report(failure=Failure(kind="usage", message="No.")), "### ❌ Error: an input is wrong"),
        (
            make_error_report(failure=Failure(kind="surroundings", message="No.")),
            "### ❌ Error: the run could not finish",
        ),
        (make_error_report(failure=None), "### ❌ Error: nothing was validated"),
    ],
)
def test_render__first_line_is_the_verdict_in_words(report: Report, first: str) -> None:
    assert markdown.render(report).splitlines()[0] == first


def test_render__first_lines_hold_the_five_figures() -> None:
    assert markdown.render(make_report()).splitlines()[4:11] == [
        "|  |  |",
        "| :-- | :-- |",
        "| size | **90.4 MB** |",
        "| latency p50 | **4.11 ms** at batch 1, sequence 7 · **1.80× faster than PyTorch** (7.41 ms) |",  # noqa: RUF001
        "| answers | **8.34e-7** max abs diff from PyTorch over 6 cases |",
        "| opset | **18** (IR 8) |",
        "| exporter | `torchscript` |",
    ]


def test_render__what_is_wrong_comes_before_the_first_fold() -> None:
    above = markdown.render(make_failed_report()).split("<details")[0]
    assert "batch 2, sequence 7, right padding" in above
    assert "`logits` is off by **0.0312**, the limit is 5.1e-5 + 4.77e-7 of the value" in above


def test_render__passing_folds_everything() -> None:
    assert "<details open>" not in markdown.render(make_report())


@pytest.mark.parametrize(("make", "title"), [(make_failed_report, "Validation"), (make_error_report, "Export")])
def test_render__unfolds_where_it_went_wrong(make: type[Report], title: str) -> None:
    assert f"<details open><summary><b>{title}</b>" in markdown.render(make())


def test_render__error_shows_every_attempt_with_cause_and_hint() -> None:
    text = markdown.render(make_error_report())
    assert (
        "| `optimum` | ✗ failed | The model type `newnet` is not supported. | Try another. | 12.3 s | 1.23 GB |" in text
    )
    assert "| `torch` | ✗ failed | Could not guard on data-dependent expression u0 &#62; 1. |" in text


def test_render__knows_no_empty_sections() -> None:
    report = make_error_report(model=None, export=None, reproduce="")
    titles = re.findall(r"<b>(.*?)</b>", markdown.render(report))
    assert titles == ["Environment"]


def test_render__many_operators_are_summed_up() -> None:
    graph = make_graph(operators={f"Op{index:02}": 40 - index for index in range(20)})
    text = markdown.render(make_report(graph=graph))
    assert "`Op11` 29, 8 more kinds 196 times." in text
    assert "Op12" not in text
