"""Real inputs in the report: the share, what was taken, the worst, and nothing in them that could be markup."""

from __future__ import annotations

import pytest

from onnx_export_action.records import Check
from onnx_export_action.report import html, markdown
from onnx_export_action.report.samples import samples_section
from onnx_export_action.report.spans import plain
from tests.factories import make_disagreement, make_report, make_samples, make_validation
from tests.unit.report.test_escape import ATTACKS


def rendered(**overrides: object) -> str:
    samples = make_samples(**overrides)
    return markdown.render(make_report(validation=make_validation(samples=samples)))


def test_section__share_and_what_was_taken() -> None:
    section = samples_section(make_samples())
    assert plain(section.summary) == "998 of 1,000 answers the model's (99.8 %)"
    assert section.open
    assert "The first 1,000 of 2,500 samples of `tests/reviews.jsonl`." in rendered()
    assert "1 sample of `tests/reviews.jsonl`." in rendered(given=1, taken=1)


def test_section__the_worst_with_both_answers() -> None:
    page = rendered(differing=37)
    assert "| line 3: not bad at all | 0 of 1 | `POSITIVE` | `NEGATIVE` | 2.41 | ✗ wrong |" in page
    assert "| line 71: fine, I guess | 0 of 1 | `POSITIVE` | `NEGATIVE` | 1.2e-5 | as good |" in page
    assert "These are the worst of 37." in page


def test_section__a_pass_is_folded() -> None:
    section = samples_section(make_samples(same=1000, wrong=0, differing=0, worst=()))
    assert not section.open
    assert len(section.blocks) == 1


def test_section__no_answer() -> None:
    samples = make_samples(answers=0, same=0, wrong=0, worst=(), error="Expected shape 3")
    assert plain(samples_section(samples).summary) == "no answer"
    assert (samples.passed, samples.agreement_pct) == (False, None)
    assert "The file gave no answer to one of them: Expected shape 3" in rendered(**samples.model_dump())


def test_remedy__names_the_section() -> None:
    check = Check(name="samples", passed=False, detail="998 of 1,000 answers")
    page = markdown.render(make_report(validation=make_validation(checks=(check,), samples=make_samples())))
    assert "Do not use this file; the section on real inputs has the worst answers." in page


@pytest.mark.parametrize("attack", ATTACKS)
def test_section__foreign_text_is_text(attack: str) -> None:
    worst = (make_disagreement(place="", sample=attack, expected=attack, actual=attack),)
    samples = make_samples(source=attack, worst=worst, error=attack)
    report = make_report(validation=make_validation(samples=samples))
    for page in (markdown.render(report), html.render(report)):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "![pixel](https" not in markdown.render(report)
