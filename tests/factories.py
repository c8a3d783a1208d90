"""Complete, valid records for tests; overrides name only what a test is about."""

from __future__ import annotations

from typing import Any

from onnx_export_action.records import (
    Attempt,
    Axis,
    Base,
    Benchmark,
    Case,
    Change,
    Check,
    Comparison,
    Disagreement,
    Elsewhere,
    Environment,
    Export,
    Failure,
    File,
    Gate,
    Graph,
    GraphDiff,
    InterfaceChange,
    Likeness,
    Model,
    Movement,
    OperatorChange,
    Paired,
    Parity,
    Point,
    Report,
    Request,
    Samples,
    Tensor,
    Timing,
    Validation,
    Variant,
    WeightChange,
)

SHAPES = tuple(
    f"batch {batch}, sequence {length}" + (", right padding" if batch > 1 else "")
    for length in (7, 33)
    for batch in (1, 2, 5)
)


def make_file(path: str = "model.onnx", size_bytes: int = 90_387_630, **overrides: Any) -> File:
    """A file of the bundle."""
    return File(**{"path": path, "size_bytes": size_bytes, "sha256": f"{len(path):02x}" * 32, **overrides})


def make_model(**overrides: Any) -> Model:
    """A Hub model, pinned."""
    known = {
        "id": "sentence-transformers/all-MiniLM-L6-v2",
        "path": "cached/all-MiniLM-L6-v2",
        "revision": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        "task": "feature-extraction",
        "architecture": "BertModel",
        "model_type": "bert",
        "weights": (make_file("model.safetensors", 90_868_376),),
    }
    return Model(**{**known, **overrides})


def make_attempt(exporter: str = "torchscript", **overrides: Any) -> Attempt:
    """An attempt that worked."""
    return Attempt(**{"exporter": exporter, "ok": True, "seconds": 12.34, "peak_rss_bytes": 1_230_000_000, **overrides})


def make_export(**overrides: Any) -> Export:
    """One attempt, one file."""
    known = {
        "attempts": (make_attempt(),),
        "exporter": "torchscript",
        "opset": 18,
        "ir_version": 8,
        "reference": "torch 2.13.0, transformers 5.23.0",
    }
    return Export(**{**known, **overrides})


def make_parity(**overrides: Any) -> Parity:
    """An output that agrees."""
    known = {
        "output": "last_hidden_state",
        "passed": True,
        "shape": (1, 7, 384),
        "max_abs_diff": 8.34e-7,
        "max_rel_diff": 1.2e-4,
        "signal_to_noise_db": 124.3,
        "least_db": 102.1,
        "tells": True,
        "atol": 5.1e-5,
        "rtol": 4.77e-7,
    }
    return Parity(**{**known, **overrides})


def make_case(shape: str = SHAPES[0], **overrides: Any) -> Case:
    """A case with one output that agrees."""
    inputs = {"input_ids": (1, 7), "attention_mask": (1, 7)}
    return Case(**{"shape": shape, "inputs": inputs, "outputs": (make_parity(),), **overrides})


def make_elsewhere(max_abs_diff: float = 1e-6) -> Elsewhere:
    """The same file in another runtime, this far off."""
    case = make_case(outputs=(make_parity(max_abs_diff=max_abs_diff),))
    return Elsewhere(runtime="TensorFlow 2.21.0, converted by onnx2tf 1.28.8", shape=case.shape, case=case)


def make_axis(name: str = "sequence", **overrides: Any) -> Axis:
    """A proven axis of `input_ids`."""
    axis, sizes = (0, (1, 2, 5)) if name == "batch" else (1, (7, 33))
    known = {"input": "input_ids", "axis": axis, "name": name, "wanted": True, "declared": True, "sizes": sizes}
    return Axis(**{**known, **overrides})


def make_validation(**overrides: Any) -> Validation:
    """A proof without a fault."""
    known = {
        "reference": "pytorch",
        "checks": (
            Check(name="onnx.checker", passed=True, detail="graph, types and inferred shapes are consistent"),
            Check(name="opset", passed=True, detail="18"),
            Check(name="input names", passed=True, detail="input_ids, attention_mask"),
        ),
        "cases": tuple(make_case(shape) for shape in SHAPES),
        "dynamic_axes": (make_axis("batch"), make_axis("sequence")),
        "provider": "CPUExecutionProvider",
        "optimisation": "ORT_ENABLE_ALL",
    }
    return Validation(**{**known, **overrides})


def make_graph(**overrides: Any) -> Graph:
    """A text encoder's graph."""
    text = ("batch", "sequence")
    known = {
        "nodes": 476,
        "operators": {"MatMul": 96, "Add": 91, "Reshape": 48, "Transpose": 48, "Div": 20},
        "initializers": 103,
        "parameters": 22_713_216,
        "inputs": (
            Tensor(name="input_ids", dtype="int64", shape=text),
            Tensor(name="attention_mask", dtype="int64", shape=text),
        ),
        "outputs": (Tensor(name="last_hidden_state", dtype="float", shape=(*text, 384)),),
    }
    return Graph(**{**known, **overrides})


def make_timing(runtime: str = "onnxruntime", **overrides: Any) -> Timing:
    """Ten calls at the first shape."""
    middle = 4.1 if runtime == "onnxruntime" else 7.4
    samples = tuple(round(middle + step / 50, 3) for step in range(-4, 6))
    known = {"runtime": runtime, "shape": SHAPES[0], "batch": 1, "samples_ms": samples, "warmups": 3}
    return Timing(**{**known, **overrides})


def make_benchmark(**overrides: Any) -> Benchmark:
    """Both runtimes at two shapes."""
    long = {"shape": SHAPES[-1], "batch": 5, "samples_ms": (41.2, 40.9, 43.0)}
    known = {
        "provider": "CPUExecutionProvider",
        "threads": 2,
        "load_ms": 187.4,
        "reference_ms": 1.82,
        "peak_rss_bytes": 312_000_000,
        "timings": (
            make_timing(),
            make_timing("pytorch"),
            make_timing(**long),
            make_timing("pytorch", **{**long, "samples_ms": (61.2, 59.8, 60.3)}),
        ),
        "noise_floor_pct": 1.1,
    }
    return Benchmark(**{**known, **overrides})


def make_base(**overrides: Any) -> Base:
    """The artifact of a commit three before the merge base."""
    known = {
        "kind": "artifact",
        "name": "all-MiniLM-L6-v2-onnx",
        "commit": "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
        "distance": 3,
        "created_at": "2026-05-04T03:02:01Z",
    }
    return Base(**{**known, **overrides})


def make_paired(**overrides: Any) -> Paired:
    """No change at the first shape."""
    known = {
        "shape": SHAPES[0],
        "ratio": 1.004,
        "low": 0.991,
        "high": 1.016,
        "base_p50_ms": 4.08,
        "head_p50_ms": 4.1,
        "blocks": 64,
        "sessions": 40,
        "noise_floor_pct": 1.1,
        "detectable_pct": 2.3,
        "verdict": "no change",
    }
    return Paired(**{**known, **overrides})


def make_comparison(**overrides: Any) -> Comparison:
    """Twice the size, another output, a gate that failed."""
    hidden = ("batch", "sequence", 384)
    size = Change(name="size", unit="bytes", base=45_193_815, head=90_387_630)
    known = {
        "baseline": make_base(),
        "size": size,
        "latency": (
            make_paired(),
            make_paired(shape=SHAPES[-1], ratio=1.12, low=1.1, high=1.14, head_p50_ms=45.7, verdict="slower"),
        ),
        "figures": (
            size,
            Change(name="nodes", base=470, head=476),
            Change(name="parameters", base=22_713_216, head=22_713_216),
            Change(name="macs", base=None, head=1_209_000_000, detail="base: MatMul inside If then_branch"),
            Change(name="opset", unit="", base=17, head=18),
        ),
        "graph": GraphDiff(
            identical=False,
            operators=(OperatorChange(operator="Gelu", base=6, head=0), OperatorChange(operator="Erf", base=0, head=6)),
            fused=(OperatorChange(operator="FastGelu", base=6, head=0),),
            nodes_added=12,
            nodes_removed=6,
            added=("Erf after encoder.layer.0/Add", "Mul after encoder.layer.0/Erf"),
            removed=("Gelu after encoder.layer.0/Add",),
            nodes_altered=1,
            altered=("pooler/LayerNormalization: epsilon 1e-12 to 1e-05",),
            weights=(WeightChange(name="encoder.layer.0.weight", kind="values", max_abs_diff=0.0123),),
            weights_changed=9,
            interface=(
                InterfaceChange(
                    side="output",
                    kind="renamed",
                    base=Tensor(name="sentence_embedding", dtype="float", shape=hidden),
                    head=Tensor(name="last_hidden_state", dtype="float", shape=hidden),
                    breaking=True,
                ),
            ),
        ),
        "answers": (Movement(output="last_hidden_state", max_abs_diff=0.0031, detail="48 rows, cosine 0.9999"),),
        "gates": (
            Gate(condition="size > +5%", outcome="failed", value=100.0, unit="change"),
            Gate(condition="latency-p50 > +10%", outcome="passed", value=0.4, unit="change", low=-0.9, high=1.6),
            Gate(condition="rss-peak > +20%", outcome="undecided", reason="The base has no such figure."),
        ),
        "history": (
            Point(commit="1111111aaaaaaa", size_bytes=45_100_000, relative_latency=2.31),
            Point(commit="2222222bbbbbbb", size_bytes=45_193_815, relative_latency=2.28),
            Point(commit="9f8e7d6c5b4a39", size_bytes=45_193_815),
        ),
    }
    return Comparison(**{**known, **overrides})


def make_variant(name: str = "int8-dynamic", **overrides: Any) -> Variant:
    """A quarter of the size, twice as fast."""
    known = {
        "name": name,
        "path": "model_quantized.onnx",
        "size_bytes": 23_100_916,
        "seconds": 4.4,
        "limits": "10 dB, 90 % of answers",
        "outputs": (
            Likeness(output="logits", max_abs_diff=0.55, signal_to_noise_db=15.1, answers=19, same=18),
            Likeness(output="last_hidden_state", max_abs_diff=0.31, signal_to_noise_db=18.2),
        ),
        "latency": (make_paired(ratio=0.5, low=0.48, high=0.53, head_p50_ms=2.04, verdict="faster"),),
    }
    return Variant(**{**known, **overrides})


def make_failed_variant(name: str = "fp16", **overrides: Any) -> Variant:
    """Half precision that is too far off."""
    known = {
        "name": name,
        "size_bytes": 45_560_374,
        "seconds": 4.0,
        "limits": "40 dB, 95 % of answers",
        "cause": "output logits: 31.2 dB signal to noise, the limit is 40 dB",
        "outputs": (Likeness(output="logits", max_abs_diff=0.06, signal_to_noise_db=31.2, answers=19, same=19),),
    }
    return Variant(**{**known, **overrides})


def make_environment(**overrides: Any) -> Environment:
    """A hosted runner."""
    known = {
        "cpu": "AMD EPYC 7763 64-Core Processor",
        "cores": 4,
        "memory_bytes": 16_766_000_000,
        "kernel": "Linux 6.8.0",
        "python": "3.11.2",
        "versions": {"torch": "2.13.0", "onnx": "1.23.0", "onnxruntime": "1.32.0", "transformers": "5.23.0"},
    }
    return Environment(**{**known, **overrides})


def make_request(model: str = "sentence-transformers/all-MiniLM-L6-v2", **overrides: Any) -> Request:
    """A job that named its task."""
    return Request(**{"job": "export", "model": model, "inputs": {"task": "feature-extraction"}, **overrides})


def make_report(**overrides: Any) -> Report:
    """A report that passes, with every part present."""
    known = {
        "tool_version": "0.1.0",
        "request": make_request(),
        "model": make_model(),
        "export": make_export(),
        "graph": make_graph(),
        "files": (
            make_file("config.json", 612),
            make_file(),
            make_file("tokenizer.json", 466_247),
            make_file("tokenizer_config.json", 350),
        ),
        "validation": make_validation(),
        "benchmark": make_benchmark(),
        "environment": make_environment(),
        "reproduce": "onnx-export-action run --model sentence-transformers/all-MiniLM-L6-v2 --task feature-extraction",
    }
    return Report(**{**known, **overrides})


def make_disagreement(**overrides: Any) -> Disagreement:
    """A line with another label."""
    known = {
        "place": "line 3",
        "sample": "not bad at all",
        "answers": 1,
        "same": 0,
        "wrong": 1,
        "margin": 2.41,
        "expected": "POSITIVE",
        "actual": "NEGATIVE",
    }
    return Disagreement(**{**known, **overrides})


def make_samples(**overrides: Any) -> Samples:
    """A hundred lines of a longer file, two of them answered otherwise."""
    tie = make_disagreement(place="line 71", sample="fine, I guess", wrong=0, margin=1.2e-5)
    known = {
        "source": "tests/reviews.jsonl",
        "given": 2500,
        "taken": 1000,
        "answers": 1000,
        "same": 998,
        "wrong": 1,
        "differing": 2,
        "worst": (make_disagreement(), tie),
    }
    return Samples(**{**known, **overrides})


def make_failed_report(**overrides: Any) -> Report:
    """Padded inputs are answered wrongly, after two exporters failed."""
    wrong = make_parity(
        output="logits",
        passed=False,
        max_abs_diff=0.0312,
        signal_to_noise_db=31.2,
        detail="12 of 64 values are outside the limit",
    )
    cases = tuple(make_case(shape, **({"outputs": (wrong,)} if "padding" in shape else {})) for shape in SHAPES)
    cause = "Exporting the operator 'aten::fft_fft2' to ONNX opset version 18 is not supported."
    attempts = (
        make_attempt("optimum", ok=False, seconds=9.1, cause=cause, hint="Ask for a newer `opset`."),
        make_attempt("torch", ok=False, seconds=125.0, peak_rss_bytes=None, cause="It was killed: out of memory."),
        make_attempt(ok=False, cause="The file failed validation."),
    )
    known = {
        "export": make_export(attempts=attempts),
        "files": (
            make_file("model.failed.onnx", 1_204_311),
            make_file("model.onnx_data", 90_112_000),
            make_file("config.json", 612),
        ),
        "validation": make_validation(
            cases=cases, dynamic_axes=(make_axis("batch", sizes=(1,)), make_axis()), samples=make_samples()
        ),
        "benchmark": None,
    }
    return make_report(**{**known, **overrides})


def make_error_report(**overrides: Any) -> Report:
    """No exporter could export the model."""
    attempts = (
        make_attempt("optimum", ok=False, cause="The model type `newnet` is not supported.", hint="Try another."),
        make_attempt("torch", ok=False, seconds=61.0, cause="Could not guard on data-dependent expression u0 > 1."),
    )
    known = {
        "export": Export(attempts=attempts),
        "graph": None,
        "files": (),
        "validation": None,
        "benchmark": None,
        "failure": Failure(
            kind="export", message="No route could export the model.", remedy="The tracebacks are in `attempts/`."
        ),
    }
    return make_report(**{**known, **overrides})


def make_lone_report(**overrides: Any) -> Report:
    """A ready .onnx, compared with itself alone."""
    known = {
        "model": make_model(
            id="classifier.onnx", kind="onnx", revision=None, task="any", architecture="onnx", model_type=""
        ),
        "export": Export(opset=17, ir_version=8),
        "files": (make_file("model.onnx", 1_048_576),),
        "graph": make_graph(inputs=(Tensor(name="x", dtype="float", shape=("N", 3)),)),
        "validation": make_validation(
            reference="unoptimised", cases=(make_case("N 2", inputs={"x": (2, 3)}),), dynamic_axes=()
        ),
        "benchmark": make_benchmark(timings=(make_timing(shape="N 2"),)),
        "reproduce": "onnx-export-action run --model classifier.onnx",
        "warnings": ("The file names no producer.",),
    }
    return make_report(**{**known, **overrides})
