"""Whatever the history: the baseline is of the merge base or of its nearest ancestor that has a trusted, proven one."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as search_settings
from hypothesis import strategies as st

from onnx_export_action.baseline import walk
from onnx_export_action.baseline.found import Found
from onnx_export_action.baseline.search import Search
from onnx_export_action.baseline.wanted import Wanted
from onnx_export_action.github.context import Context, PullRequest
from onnx_export_action.github.failure import Failed
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.records import NoBase, Request
from tests.factories import make_model, make_validation
from tests.unit.baseline import bundles
from tests.unit.baseline.repository_model import NAME, Kept, Repository

OWN_RUN = 1_000
REQUEST = Request(job="export", model="models/encoder")
GOOD = bundles.bundle(bundles.report_of(request=REQUEST))
CONTENTS = {
    "good": GOOD,
    "other inputs": bundles.bundle(bundles.report_of(request=Request(model="a", inputs={"dtype": "fp16"}))),
    "other model": bundles.bundle(bundles.report_of(model=make_model(id="another"))),
    "other task": bundles.bundle(bundles.report_of(model=make_model(task="fill-mask"))),
    "other subfolder": bundles.bundle(bundles.report_of(request=Request(model="a", inputs={"subfolder": "b"}))),
    "failed": bundles.bundle(bundles.report_of(validation=make_validation(cases=()))),
    "damaged": {**GOOD, "model.onnx": b"another graph"},
    "no report": {"model.onnx": b"the graph"},
}
FITTING = ("good", "other inputs")


def commit(number: int) -> str:
    return f"{number:040x}"


def look(
    repository: Repository, start: int, folder: Path, clock: Any = lambda: 0.0, **context: Any
) -> tuple[Found | NoBase, str]:
    pull = PullRequest(number=7, head_sha="e" * 40, from_fork=False, base=commit(start))
    here = Context(**{"event": "pull_request", "repository": "acme/models", "run_id": OWN_RUN, "pull": pull, **context})
    printed, wanted = io.StringIO(), Wanted(NAME, make_model(), REQUEST)
    search = Search(wanted, here, repository, repository, RunnerLog(printed), clock)
    return search.find(folder), printed.getvalue()


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], list[Kept], list[str], int]:
    """Commits with their parents, artifacts with the kind of their content, and the merge base."""
    count = draw(st.integers(1, 8))
    parents = {
        commit(number): tuple(
            commit(parent) for parent in draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True))
        )
        if number
        else ()
        for number in range(count)
    }
    kinds = draw(st.lists(st.sampled_from(["good", *CONTENTS]), max_size=8))
    kept = [
        Kept(
            commit=commit(draw(st.integers(0, count - 1))),
            event=draw(st.sampled_from([*walk.TRUSTED_EVENTS, "push", "pull_request", "workflow_run", "dynamic"])),
            fork=draw(st.integers(0, 4)) == 0,
            lies=draw(st.integers(0, 6)) == 0,
            expired=draw(st.integers(0, 4)) == 0,
            name=draw(st.sampled_from([NAME, NAME, NAME, f"{NAME}-2", f"{NAME}-failed"])),
            content=CONTENTS[kind],
        )
        for kind in kinds
    ]
    return parents, kept, kinds, draw(st.integers(0, count - 1))


def expected(parents: dict[str, tuple[str, ...]], kept: list[Kept], kinds: list[str], start: int) -> Any:
    """By trying each commit in turn: distance, and the number of the artifact."""
    at: str | None = commit(start)
    for distance in range(len(parents)):
        good = [
            (kinds[number] == "good", number)
            for number, each in enumerate(kept)
            if each.commit == at
            and each.event in ("push", "merge_group", "schedule", "workflow_dispatch")
            and not (each.fork or each.expired or each.lies)
            and each.name == NAME
            and kinds[number] in FITTING
        ]
        if good:
            return distance, max(good)[1] + 1
        at = next(iter(parents[at]), None) if at else None
    return None


@search_settings(deadline=None, max_examples=150)
@given(histories())
def test_find__the_nearest_ancestor_that_can_be_trusted(history: Any) -> None:
    parents, kept, kinds, start = history
    with tempfile.TemporaryDirectory() as folder:
        found, _ = look(Repository(parents, kept), start, Path(folder) / "base")
        answer = expected(parents, kept, kinds, start)
        if answer is None:
            assert isinstance(found, NoBase)
            assert found.reason.startswith("No baseline yet: ")
            assert "docs/baseline.md" in found.remedy
            assert not (Path(folder) / "base").exists()
            return
        assert isinstance(found, Found)
        assert (found.base.distance, found.base.url.rsplit("/", 1)[1]) == (answer[0], str(answer[1]))
        assert found.base.commit == kept[answer[1] - 1].commit
        assert found.file is not None
        assert found.file.read_bytes() == b"the graph"


def line(length: int) -> dict[str, tuple[str, ...]]:
    return {commit(number): (commit(number - 1),) if number else () for number in range(length)}


@pytest.mark.parametrize("kind", ["failed", "damaged", "no report"])
def test_find__a_damaged_one_is_one_warning_and_the_next_is_taken(tmp_path: Path, kind: str) -> None:
    kept = [Kept(commit(0), content=GOOD), Kept(commit(1), content=CONTENTS[kind])]
    found, log = look(Repository(line(2), kept), 1, tmp_path / "base")
    assert isinstance(found, Found)
    assert found.base.distance == 1
    assert log.count("::warning") == 1
    assert "(2) is no baseline. " in log


def test_find__what_else_was_asked_for_is_said(tmp_path: Path) -> None:
    found, _ = look(Repository(line(1), [Kept(commit(0), content=CONTENTS["other inputs"])]), 0, tmp_path / "base")
    assert isinstance(found, Found)
    assert found.base.differs == {"dtype": "fp16"}


@pytest.mark.parametrize(
    ("kinds", "taken"),
    [
        (("good", "good"), 2),
        (("good", "other inputs"), 1),
        (("other inputs", "good"), 2),
        (("other inputs", "other inputs"), 2),
        (("good", "damaged"), 1),
        (("other inputs", "damaged"), 1),
        (("good", "other model"), 1),
    ],
)
def test_find__of_one_commit_our_own_inputs_first_then_the_newest(
    tmp_path: Path, kinds: tuple[str, str], taken: int
) -> None:
    kept = [Kept(commit(0), content=CONTENTS[kind]) for kind in kinds]
    found, _ = look(Repository(line(1), kept), 0, tmp_path / "base")
    assert isinstance(found, Found)
    assert found.base.url.endswith(f"/{taken}")


def test_eligible__a_forks_is_not_and_neither_is_one_of_an_unknown_home() -> None:
    listed = Repository(line(1), [Kept(commit(0)), Kept(commit(0), fork=True)]).named(NAME)
    run = listed[0].workflow_run
    assert run is not None
    homeless = run.model_copy(update={"repository_id": None, "head_repository_id": None})
    artifacts = [*listed, listed[0].model_copy(update={"id": 9, "workflow_run": homeless})]
    artifacts.append(listed[0].model_copy(update={"id": 10, "workflow_run": None}))
    assert walk.eligible(artifacts, NAME, OWN_RUN) == {commit(0): [listed[0]]}


@pytest.mark.parametrize(
    ("given", "trusted"),
    [({}, True), ({"fork": True}, False), ({"event": "pull_request"}, False), ({"lies": True}, False)],
    ids=str,
)
def test_is_trusted__only_what_a_writer_started_here(given: dict[str, Any], trusted: bool) -> None:
    repository = Repository(line(1), [Kept(commit(0), **given)])
    assert walk.is_trusted(repository.run(1), Repository(line(1), [Kept(commit(0))]).named(NAME)[0]) is trusted


def test_find__the_runs_own_artifact_is_none(tmp_path: Path) -> None:
    found, _ = look(Repository(line(1), [Kept(commit(0), content=GOOD)]), 0, tmp_path / "base", run_id=1)
    assert isinstance(found, NoBase)


@pytest.mark.parametrize(
    ("context", "anchor", "distance"),
    [
        ({"event": "push", "before": commit(2), "sha": commit(3)}, "the previous push", 1),
        ({"event": "merge_group", "before": commit(1), "sha": commit(3)}, "the queue's base", 0),
        ({"event": "schedule", "sha": commit(3)}, "this commit", 2),
        ({"event": "push", "sha": commit(1)}, "this commit", 0),
    ],
)
def test_find__without_a_pull_request(tmp_path: Path, context: Any, anchor: str, distance: int) -> None:
    repository = Repository(line(4), [Kept(commit(1), content=GOOD)])
    found, _ = look(repository, 0, tmp_path / "base", pull=None, **context)
    assert isinstance(found, Found)
    assert (found.base.anchor, found.base.distance) == (anchor, distance)


def test_find__few_calls_however_many_artifacts(tmp_path: Path) -> None:
    repository = Repository(line(30), [Kept(commit(number), event="pull_request") for number in range(30)])
    found, _ = look(repository, 29, tmp_path / "base")
    assert isinstance(found, NoBase)
    assert repository.calls <= 12


def test_find__ends_in_time(tmp_path: Path) -> None:
    hours = iter(range(0, 360_000, 3_600))
    with pytest.raises(Failed, match="longer than 3 minutes"):
        look(Repository(line(1), [Kept(commit(0))]), 0, tmp_path / "base", clock=lambda: next(hours))
