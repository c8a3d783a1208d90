"""The README's first screen: what it does, what a reviewer sees, the shortest workflow, two commands."""

from __future__ import annotations

import re

from tests.unit import documents

README = documents.read("README.md")
GOLDEN = documents.read("tests/golden/pass.md")
PICTURE = [line.removeprefix(">").strip() for line in README.splitlines() if line.startswith(">")]


def without_figures(text: str) -> str:
    return re.sub(r"[\d.]+(e-\d+)?", "0", text)


def test_readme__opens_with_one_sentence() -> None:
    sentence = README.splitlines()[2]
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0


def test_readme__shows_a_workflow_within_thirty_lines() -> None:
    assert README.splitlines()[:30].count("```yaml") == 1
    assert documents.blocks("README.md", "yaml")[0].text == documents.read("examples/shortest.yml")


def test_readme__names_the_workflows_that_are_run_for_real() -> None:
    run = re.findall(r'\.run\("([\w-]+\.yml)"', documents.read("tests/e2e/test_examples.py"))
    copied = re.findall(r"\]\(examples/([\w-]+\.yml)\)", README)
    assert {"pull-request.yml", "fork-export.yml", "fork-comment.yml", "release.yml"} <= set(run) <= set(copied)


def test_readme__shows_the_step_that_uploads_where_there_is_no_service() -> None:
    shown, documented = (documents.blocks(page, "yaml")[-1].text for page in ("README.md", "docs/artifact.md"))
    assert shown == documented
    assert "upload-artifact: false" in shown


def test_readme__then_two_commands() -> None:
    commands = documents.blocks("README.md", "sh")[0].text
    assert re.findall(r"^make \w+", commands, re.MULTILINE) == ["make demo", "make test"]


def test_picture__is_the_report_of_today() -> None:
    labels = {line.split(" | ")[0] for line in PICTURE if line.startswith("| ")}
    figures = {label for label in labels if not label.startswith("| batch ")}
    assert PICTURE[0] == GOLDEN.splitlines()[0]
    assert figures <= {line.split(" | ")[0] for line in GOLDEN.splitlines()}
    assert len(figures) >= 5


def test_picture__has_a_folded_section_as_the_report_has_it() -> None:
    summaries = [without_figures(line) for line in PICTURE if line.startswith("<details>")]
    assert len(summaries) == 1
    assert summaries[0] in {without_figures(line) for line in GOLDEN.splitlines()}
    assert PICTURE[-1] == "</details>"


def test_picture__figures_are_told_once() -> None:
    found = re.search(r"over (\d+) cases", "\n".join(PICTURE))
    assert found is not None
    assert f"{found[1]} of {found[1]} cases" in "\n".join(PICTURE)
