"""Nothing is done twice: the base's files are taken where nothing has changed, and only if they are what was proven."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from onnx_export_action import settings
from onnx_export_action.baseline import folder as bundle
from onnx_export_action.baseline import reuse
from onnx_export_action.baseline.found import Found
from onnx_export_action.baseline.reuse import Taken
from onnx_export_action.github.runner import RunnerLog
from onnx_export_action.hashing import record_of
from onnx_export_action.records import Report
from onnx_export_action.tasks import DECODER, ENCODER, STEP
from onnx_export_action.validation import proof, structure
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool
from tests.factories import make_base, make_graph, make_model
from tests.integration import mutations, program
from tests.integration.baseline_case import HEAD, MAIN, MERGE_BASE, add_history
from tests.integration.github_actions_api import ActionsApi
from tests.integration.github_api import PULL, REPOSITORY, running_api
from tests.integration.history_api import HistoryApi
from tests.integration.program import Outcome
from tests.unit.baseline import bundles

KEY = "f" * 64
TASK = "text2text-generation-with-past"


@pytest.fixture
def found(exported: Callable[..., Outcome], tmp_path: Path) -> Found:
    """The bundle of a real run, as if an artifact of that fingerprint had been unpacked."""
    folder = Path(shutil.copytree(exported("bert").folder, tmp_path / "base"))
    report = bundle.check(folder).model_copy(update={"fingerprint": KEY})
    return Found(make_base(), folder, folder / bundle.MODEL, report)


def take(found: Found, workspace: Path) -> tuple[Taken | None, str, Path]:
    chosen = settings.parse({"model": "m", "benchmark-seconds": "0"}, workspace)
    chosen.output_path.mkdir(exist_ok=True)
    printed = io.StringIO()
    host = Host(300, 10**10, None, dict(os.environ))
    taken = reuse.take(found, KEY, make_model(architecture=""), chosen, host, RunnerLog(printed), Pool())
    return taken, printed.getvalue(), chosen.output_path


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("linked", [True, False])
def test_take__files_proof_and_figures(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    if not linked:
        monkeypatch.setattr(os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError(18, "another disk")))
    taken, log, target = take(found, tmp_path)
    report = found.report
    assert taken is not None, log
    assert report is not None
    assert report.export is not None
    assert names(target) == {file.path for file in report.files}
    assert all(record_of(target / file.path, file.path) == file for file in report.files)
    assert found.file is not None
    assert found.file.exists()
    assert (taken.graph, taken.validation, taken.environment) == (report.graph, report.validation, report.environment)
    assert taken.export.attempts == ()
    assert taken.export.reused_from == found.base
    assert taken.export.opset == report.export.opset
    assert taken.model.architecture == "BertModel"
    assert "::warning" not in log


def test_take__a_link_under_a_files_name_is_replaced(found: Found, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / "onnx-export").mkdir()
    (tmp_path / "onnx-export" / "config.json").symlink_to(elsewhere)
    taken, _, target = take(found, tmp_path)
    assert taken is not None
    assert not (target / "config.json").is_symlink()
    assert elsewhere.read_text() == "mine"


def replaced(found: Found, content: bytes, **overrides: Any) -> Found:
    """Another graph, of which the report gives the right hash."""
    assert found.report is not None
    assert found.file is not None
    found.file.write_bytes(content)
    files = [record_of(found.file, file.path) if file.path == bundle.MODEL else file for file in found.report.files]
    report = found.report.model_copy(update={"files": tuple(files), **overrides})
    return Found(found.base, found.folder, found.file, report)


def of_another(found: Found) -> Found:
    return replaced(found, (found.folder or Path()).joinpath(bundle.MODEL).read_bytes(), graph=make_graph())


def of_unknown_operator(found: Found) -> Found:
    """A graph that is the report's, with an operator that ONNX Runtime does not have."""
    assert found.file is not None
    model = onnx.load(found.file)
    model.graph.node[-1].domain = "of.nobody"
    model.opset_import.append(onnx.helper.make_opsetid("of.nobody", 1))
    return replaced(found, model.SerializeToString(), graph=structure.graph(model))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda found: replaced(found, b"no graph at all"), "the file cannot be loaded"),
        (of_unknown_operator, "the file cannot be loaded"),
        (of_another, "the file's graph is not the one that was proven"),
        (lambda found: [found, found.file.write_bytes(b"changed")][0], "is not the file that was proven"),
        (lambda found: [found, found.file.unlink()][0], "cannot be placed: No such file or directory"),
    ],
    ids=["garbage", "unknown operator", "another graph", "changed", "gone"],
)
def test_take__anything_odd_is_a_warning_and_an_export(
    found: Found, tmp_path: Path, spoil: Callable[[Found], Found], why: str
) -> None:
    taken, log, target = take(spoil(found), tmp_path)
    assert taken is None
    assert log.count("::warning") == 1
    assert why in log
    assert names(target) == set()


@pytest.fixture
def several(exported: Callable[..., Outcome], tmp_path: Path) -> Found:
    """The bundle of an encoder-decoder in three files."""
    folder = Path(shutil.copytree(exported("t5", task=TASK).folder, tmp_path / "base"))
    report = bundle.check(folder).model_copy(update={"fingerprint": KEY})
    return Found(make_base(), folder, folder / bundle.model_of(report), report)


@pytest.mark.parametrize("name", [ENCODER, DECODER, STEP])
def test_take__each_of_three_files_must_be_the_proven_one(several: Found, tmp_path: Path, name: str) -> None:
    assert several.folder is not None
    file = several.folder / f"{name}.onnx"
    file.write_bytes(file.read_bytes() + b" ")
    taken, log, target = take(several, tmp_path)
    assert taken is None
    assert f"'{name}.onnx' is not the file that was proven" in log
    assert names(target) == set()


def test_take__each_of_three_files_is_loaded(several: Found, tmp_path: Path) -> None:
    assert several.folder is not None
    assert several.report is not None
    (several.folder / f"{DECODER}.onnx").write_bytes(b"no graph at all")
    files = tuple(record_of(several.folder / file.path, file.path) for file in several.report.files)
    report = several.report.model_copy(update={"files": files})
    taken, log, target = take(Found(several.base, several.folder, several.file, report), tmp_path)
    assert taken is None
    assert "the file cannot be loaded" in log
    assert names(target) == set()


@pytest.fixture
def history(waits: list[float]) -> Iterator[HistoryApi]:
    del waits
    with running_api() as api:
        made = HistoryApi(ActionsApi(api))
        add_history(made)
        yield made


def pull_request(history: HistoryApi, workspace: Path, **inputs: str) -> Outcome:
    """The whole program on a pull request, without a comment."""
    side = {"repo": {"full_name": REPOSITORY}}
    pull = {"number": PULL, "head": {"sha": HEAD, **side}, "base": {"sha": MAIN[-1], "ref": "main", **side}}
    event = workspace / "event.json"
    event.write_text(bundles.json.dumps({"pull_request": pull}), encoding="utf-8")
    api = history.actions.api
    environment = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_API_URL": api.url,
    }
    given = {"model": "bert", "github-token": api.token, "comment": "never", **inputs}
    return program.run(workspace, given, environment=environment)


@pytest.fixture
def workspace(
    models: Callable[[str], Path], exported: Callable[..., Outcome], history: HistoryApi, tmp_path: Path
) -> Path:
    """A checkout whose base branch left an artifact at the merge base."""
    shutil.copytree(models("bert"), tmp_path / "bert")
    pushed = exported("bert")
    content = {name: (pushed.folder / name).read_bytes() for name in pushed.names()}
    history.keep("bert-onnx", bundles.zipped(content), MERGE_BASE)
    return tmp_path


def reread(outcome: Outcome) -> Report:
    return bundle.report_of(outcome.folder / "report.json")


def test_run__a_pull_request_that_leaves_the_model_alone_exports_nothing(
    history: HistoryApi, workspace: Path, exported: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, prepare = list[str](), Pool.prepare
    monkeypatch.setattr(Pool, "prepare", lambda *given: [begun.append(given[2]), prepare(*given)])
    before = (exported("bert").folder / "model.onnx").read_bytes()
    (workspace / "bert" / "README.md").write_text("Another card.")
    outcome = pull_request(history, workspace)
    assert outcome.status == 0, outcome.log
    assert outcome.attempts == [], outcome.log
    assert outcome.report["export"]["reused_from"]["commit"] == MERGE_BASE
    assert outcome.outputs["verdict"] == "pass"
    assert (outcome.folder / "model.onnx").read_bytes() == before
    assert bundle.check(outcome.folder).fingerprint == reread(outcome).fingerprint
    assert f"unchanged since `{MERGE_BASE[:7]}`" in outcome.summary
    assert "Nothing was exported in this run" in outcome.summary
    assert "loaded BertModel" not in outcome.log
    assert begun == [proof.SERVICE]


def test_run__a_pull_request_takes_all_three_files(
    history: HistoryApi, models: Callable[[str], Path], exported: Callable[..., Outcome], tmp_path: Path
) -> None:
    shutil.copytree(models("t5"), tmp_path / "t5")
    pushed = exported("t5", task=TASK)
    history.keep(
        "t5-onnx", bundles.zipped({name: (pushed.folder / name).read_bytes() for name in pushed.names()}), MERGE_BASE
    )
    size = pushed.outputs["size-bytes"]
    outcome = pull_request(history, tmp_path, model="t5", task=TASK, **{"fail-on": f"size > {size}\nsize > +0%"})
    assert outcome.status == 0, outcome.log
    assert outcome.attempts == [], outcome.log
    three = {f"{name}.onnx": (pushed.folder / f"{name}.onnx").read_bytes() for name in (ENCODER, DECODER, STEP)}
    assert {name: (outcome.folder / name).read_bytes() for name in three} == three
    assert outcome.outputs["size-bytes"] == size == str(sum(map(len, three.values())))
    compared = outcome.report["comparison"]
    assert compared["same_file"] is True
    assert compared["size"]["base"] == compared["size"]["head"] == int(size)
    assert [gate["outcome"] for gate in compared["gates"]] == ["passed", "passed"]


def test_run__a_changed_decoder_among_three_files_is_found(
    models: Callable[[str], Path], exported: Callable[..., Outcome], tmp_path: Path
) -> None:
    shutil.copytree(models("t5"), tmp_path / "t5")
    base = Path(shutil.copytree(exported("t5", task=TASK).folder, tmp_path / "base"))
    decoder = onnx.load(base / f"{DECODER}.onnx")
    mutations.change_weight(decoder, "final_layer_norm", lambda array: -array)
    decoder.doc_string = "x" * 5000
    onnx.save(decoder, base / f"{DECODER}.onnx")
    relisted(base)
    gates = "size > +0%; weights changed; graph changed; nodes-added > 0"
    given = {"model": "t5", "task": TASK, "baseline": "base", "fail-on": gates}
    outcome = program.run(tmp_path, given)
    assert outcome.status == 1, outcome.log
    compared = outcome.report["comparison"]
    assert compared["same_file"] is False
    assert compared["graph"]["identical"] is False
    (changed,) = compared["graph"]["weights"]
    assert re.fullmatch(r"decoder_model: .*final_layer_norm\.weight", changed["name"])
    assert {(gate["condition"], gate["outcome"]) for gate in compared["gates"]} == {
        ("size > +0%", "passed"),
        ("weights changed", "failed"),
        ("graph changed", "failed"),
        ("nodes-added > 0", "passed"),
    }
    moved = {answer["output"] for answer in compared["answers"] if answer["max_abs_diff"]}
    assert moved == {f"{DECODER}: logits"}
    sizes = {
        side: sum((folder / f"{name}.onnx").stat().st_size for name in (ENCODER, DECODER, STEP))
        for side, folder in (("base", base), ("head", outcome.folder))
    }
    assert {side: compared["size"][side] for side in sizes} == sizes
    assert [figure for figure in compared["figures"] if figure["name"] == "size"] == [compared["size"]]
    checks = {check["name"]: check["passed"] for check in outcome.report["validation"]["checks"]}
    assert checks["bundle"] is True


def relisted(folder: Path) -> None:
    """Report and manifest with the hashes of the files that lie there."""
    report = bundle.report_of(folder / "report.json")
    files = tuple(record_of(folder / file.path, file.path) for file in report.files)
    for name, content in bundles.bundle(report.model_copy(update={"files": files}), {}).items():
        (folder / name).write_bytes(content)


def change_weights(workspace: Path) -> None:
    file = workspace / "bert" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("change", "inputs"),
    [
        (change_weights, {}),
        (lambda _: None, {"reuse": "false"}),
        (lambda _: None, {"opset": "17"}),
    ],
    ids=["weights", "reuse: false", "opset"],
)
def test_run__anything_else_exports_and_compares(
    history: HistoryApi, workspace: Path, change: Callable[[Path], None], inputs: dict[str, str]
) -> None:
    change(workspace)
    outcome = pull_request(history, workspace, **inputs)
    assert outcome.status == 0, outcome.log
    assert [attempt["ok"] for attempt in outcome.attempts] == [True]
    assert outcome.report["export"]["reused_from"] is None
    assert outcome.report["comparison"]["baseline"]["commit"] == MERGE_BASE
    assert "The baseline's files are not taken: " in outcome.log
