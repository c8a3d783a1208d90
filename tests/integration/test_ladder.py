"""The ladder in the whole program: real workers, files and proofs, with routes that fail on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest

from onnx_export_action.exporters import attempt
from onnx_export_action.workers import interpreters
from tests.integration import program
from tests.integration.program import SERVICES, Outcome, workers_find
from tests.unit.sources.models import write_model

LADDER = ["torchscript", "optimum", "torch", "transformers"]
SHAPES = [f"batch {batch}, sequence {length}" for batch in (1, 2, 5) for length in (7, 33)]
Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The program with the quick service in place of the frameworks; faults by route, inputs by name."""
    monkeypatch.setattr(attempt, "SERVICE", "quick")
    folder = write_model(tmp_path / "model")

    with workers_find(SERVICES) as environment:

        def run(faults: dict[str, str] | None = None, **inputs: str) -> Outcome:
            (folder / "faults.json").write_text(json.dumps(faults or {}))
            given = {name.replace("_", "-"): value for name, value in inputs.items()}
            return program.run(tmp_path, {"model": "model", **given}, environment=environment)

        yield run


def tried(outcome: Outcome) -> list[tuple[str, bool]]:
    return [(attempt["exporter"], attempt["ok"]) for attempt in outcome.attempts]


def test_ladder__stops_at_the_first_proven_file(run: Run) -> None:
    outcome = run()
    assert outcome.status == 0, outcome.log
    assert tried(outcome) == [("torchscript", True)]
    assert outcome.attempts[0]["cause"] is None
    assert outcome.attempts[0]["hint"] is None
    assert outcome.report["model"]["architecture"] == "Doubler"
    assert outcome.report["export"]["reference"] == "quick 1.0"


@pytest.mark.parametrize(
    ("fault", "cause", "hint"),
    [
        ("refuse", "torchscript refuses.", "Do not use torchscript."),
        ("raise", "This failure is not known here. The exporter's last words: RuntimeError: torchscript broke", ""),
        ("crash", "It crashed with SIGABRT.", "Choose another `exporter`."),
        ("no file", "The file failed validation: model.onnx is not a readable ONNX file: No such file", None),
        ("garbage", "The file failed validation: model.onnx is not a readable ONNX file", None),
        ("wrong", "The file failed validation: at batch 2, sequence 7: y differs by up to ", None),
        ("nan", "The file failed validation: at batch 1, sequence 7: y, 7 values are NaN or infinite", None),
        ("fixed axis", "The file failed validation: ", None),
        ("other input", "The file failed validation: input names: the file asks for z", None),
        ("other opset", "The file failed validation: opset: 18, although 17 was promised", None),
    ],
)
def test_ladder__goes_on_after(run: Run, fault: str, cause: str, hint: str | None) -> None:
    outcome = run({"torchscript": fault}, opset="17")
    assert outcome.status == 0, outcome.log
    assert tried(outcome) == [("torchscript", False), ("optimum", True)]
    failed = outcome.attempts[0]
    assert failed["cause"].startswith(cause)
    assert failed["seconds"] > 0
    if hint is not None:
        assert failed["hint"] == hint
    assert outcome.outputs["exporter"] == outcome.report["export"]["exporter"] == "optimum"
    assert "attempts/torchscript.txt" in outcome.names()
    assert failed["cause"][:20] in (outcome.folder / "report.md").read_text(encoding="utf-8")
    assert onnx.load(outcome.folder / "model.onnx").opset_import[0].version == 17


def test_ladder__goes_on_after_the_time_limit(run: Run) -> None:
    outcome = run({"torchscript": "hang"}, timeout="2")
    assert outcome.status == 0, outcome.log
    assert outcome.attempts[0]["cause"] == "The limit of 2 s was reached during `export`, and it was ended."
    assert outcome.attempts[0]["seconds"] >= 2


def test_ladder__all_fail(run: Run) -> None:
    outcome = run(dict.fromkeys(LADDER, "refuse"))
    assert outcome.status == 3
    assert tried(outcome) == [(name, False) for name in LADDER]
    assert all(f"{name}: {name} refuses." in outcome.failure for name in LADDER)
    assert "Do not use torchscript." in outcome.failure
    assert outcome.report["failure"]["kind"] == "export"
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "error"
    assert "onnx-path" not in outcome.outputs
    assert {f"attempts/{name}.txt" for name in LADDER} <= outcome.names()
    assert not [name for name in outcome.names() if name.endswith(".onnx") or name.startswith(".work")]
    assert all(f"{name} refuses." in outcome.summary for name in LADDER)
    assert "::error title=onnx-export-action::No route could export the model." in outcome.log


def test_ladder__no_file_passes_validation(run: Run) -> None:
    outcome = run(dict.fromkeys(LADDER, "wrong"))
    assert outcome.status == 1
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "fail"
    assert tried(outcome) == [(name, False) for name in LADDER]
    assert outcome.report["export"]["exporter"] == "torchscript"
    assert "model.failed.onnx" in outcome.names()
    assert "model.onnx" not in outcome.names()
    assert outcome.outputs["onnx-path"] == "onnx-export/model.failed.onnx"
    assert float(outcome.outputs["max-abs-diff"]) > 0.1
    assert outcome.report["benchmark"] is None
    head = (outcome.folder / "report.md").read_text(encoding="utf-8").split("<details>")[0]
    worst = max(outcome.report["validation"]["cases"], key=lambda case: case["max_abs_diff"])
    assert worst["shape"] in head


def test_ladder__a_failed_file_is_kept_when_the_others_write_none(run: Run) -> None:
    outcome = run({**dict.fromkeys(LADDER, "refuse"), "optimum": "wrong"})
    assert outcome.status == 1
    assert outcome.report["export"]["exporter"] == "optimum"
    assert tried(outcome) == [(name, False) for name in LADDER]
    assert "model.failed.onnx" in outcome.names()


def test_ladder__goes_on_without_an_interpreter(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "optimum", lambda: Path("/nowhere/.venv-optimum/bin/python"))
    outcome = run({"torchscript": "refuse"})
    assert outcome.status == 0, outcome.log
    assert tried(outcome) == [("torchscript", False), ("optimum", False), ("torch", True)]
    assert outcome.attempts[1]["cause"] == "The interpreter of this route is not installed (.venv-optimum)."
    alone = run(exporter="optimum")
    assert alone.status == 4
    assert alone.failure == "The interpreter of this route is not installed (.venv-optimum). Run `make setup`."


def test_ladder__a_broken_promise_says_who_keeps_it(run: Run) -> None:
    outcome = run({"torch": "other opset"}, exporter="torch", opset="13")
    assert outcome.status == 1
    assert outcome.attempts[0]["cause"] == "The file failed validation: opset: 18, although 13 was promised"
    assert outcome.attempts[0]["hint"] == "Opset 13 is written by: torchscript, optimum."
    assert "model.failed.onnx" in outcome.names()


@pytest.mark.parametrize("exporter", LADDER)
def test_ladder__an_explicit_exporter_is_tried_alone(run: Run, exporter: str) -> None:
    outcome = run({exporter: "refuse"}, exporter=exporter)
    assert outcome.status == 3
    assert tried(outcome) == [(exporter, False)]
    assert f"{exporter} refuses." in outcome.failure


def test_ladder__a_wrong_model_ends_it_at_once(run: Run) -> None:
    outcome = run({"load": "2 weights are missing."})
    assert outcome.status == 2
    assert tried(outcome) == [("torchscript", False)]
    assert outcome.failure == "2 weights are missing. Repair the model."
    assert outcome.report["failure"]["kind"] == "usage"


def test_ladder__optimum_alone_cannot_call_a_model_wrong(run: Run) -> None:
    outcome = run({"torchscript": "refuse", "optimum": "usage"})
    assert outcome.status == 0, outcome.log
    assert tried(outcome) == [("torchscript", False), ("optimum", False), ("torch", True)]


def test_ladder__leaves_out_what_cannot_write_the_opset(run: Run) -> None:
    outcome = run(opset="21")
    assert outcome.status == 0, outcome.log
    assert tried(outcome) == [("torch", True)]
    assert "torchscript is left out: it writes opsets 9 to 20" in outcome.log
    assert "optimum is left out: it writes opsets 9 to 20" in outcome.log


def test_ladder__the_target_bounds_the_opset(run: Run) -> None:
    outcome = run(target="onnxruntime>=1.12")
    assert outcome.status == 0, outcome.log
    assert outcome.outputs["opset"] == "17"


def test_ladder__an_opset_that_the_target_cannot_load_fails(run: Run) -> None:
    outcome = run(target="onnxruntime>=1.10", opset="18", exporter="torchscript")
    assert outcome.status == 1
    assert "onnxruntime>=1.10 loads opsets up to 15, the file has 18" in outcome.attempts[0]["cause"]


def test_ladder__warnings_of_the_worker_reach_report_and_log(run: Run) -> None:
    outcome = run({"warning": "The tokenizer cannot be loaded."})
    assert outcome.status == 0
    assert outcome.report["warnings"] == ["The tokenizer cannot be loaded."]
    assert "The tokenizer cannot be loaded." in outcome.summary
    assert "::warning title=onnx-export-action::The tokenizer cannot be loaded." in outcome.log


def test_ladder__limits_of_the_user_decide(run: Run) -> None:
    assert run({"torchscript": "wrong"}, exporter="torchscript", atol="100").status == 0
    assert run(exporter="torchscript", atol="0", rtol="0").status == 0
    assert run({"torchscript": "wrong"}, exporter="torchscript", atol="0.01", rtol="0.01").status == 1


def test_proof__uses_the_sizes_that_the_user_names(run: Run) -> None:
    outcome = run(batch_sizes="3, 4", sequence_lengths="5 6")
    assert [case["shape"] for case in outcome.report["validation"]["cases"]] == [
        f"batch {batch}, sequence {length}" for batch in (3, 4) for length in (5, 6)
    ]


def test_benchmark__both_runtimes_at_two_shapes(run: Run) -> None:
    outcome = run(benchmark_seconds="0.2", threads="1")
    assert outcome.status == 0, outcome.log
    benchmark = outcome.report["benchmark"]
    assert [(timing["runtime"], timing["shape"]) for timing in benchmark["timings"]] == [
        ("onnxruntime", SHAPES[0]),
        ("pytorch", SHAPES[0]),
        ("onnxruntime", SHAPES[-1]),
        ("pytorch", SHAPES[-1]),
    ]
    assert benchmark["threads"] == 1
    assert benchmark["peak_rss_bytes"] > 10_000_000
    assert all(timing["warmups"] > 0 and timing["samples_ms"] for timing in benchmark["timings"])
    assert float(outcome.outputs["latency-p50-ms"]) > 0


def test_benchmark__that_cannot_finish_leaves_the_verdict(run: Run) -> None:
    outcome = run({"time": "crash"}, benchmark_seconds="0.2")
    assert outcome.status == 0
    assert outcome.report["benchmark"] is None
    assert outcome.report["warnings"] == ["The benchmark was not finished: It crashed with SIGABRT."]
    assert "latency-p50-ms" not in outcome.outputs


def test_folder__nothing_of_an_earlier_run_stays(run: Run) -> None:
    failed = run(dict.fromkeys(LADDER, "wrong"))
    assert "model.failed.onnx" in failed.names()
    passed = run()
    assert passed.names() == {"model.onnx", "config.json", "manifest.json", "report.json", "report.md", "report.html"}
    failed = run(dict.fromkeys(LADDER, "refuse"))
    assert failed.names() == {"report.json", "report.md", "report.html", *(f"attempts/{name}.txt" for name in LADDER)}
