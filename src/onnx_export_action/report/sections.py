"""The details that fold away, in the order in which a reader asks for them."""

from __future__ import annotations

from onnx_export_action.records import FRAMEWORKS, Attempt, Base, Benchmark, Environment, Export, File, Graph, Report
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Code, Paragraph, Section, table
from onnx_export_action.report.changes import changes_section
from onnx_export_action.report.elsewhere import elsewhere_section
from onnx_export_action.report.gates import gates_section
from onnx_export_action.report.proof import validation_section
from onnx_export_action.report.samples import samples_section
from onnx_export_action.report.spans import Line, code, joined, line, one_line, prose, strong
from onnx_export_action.report.trend import trend_section
from onnx_export_action.report.usage import example
from onnx_export_action.report.variants import variants_section

_SHOWN_OPERATORS = 12


def of(report: Report) -> tuple[Section, ...]:
    """Every section that this report has something to say in."""
    sections = (
        _warnings(report.warnings),
        gates_section(report.comparison) if report.comparison else None,
        changes_section(report.comparison) if report.comparison else None,
        variants_section(report),
        validation_section(report) if report.validation else None,
        samples_section(report.validation.samples) if report.validation and report.validation.samples else None,
        elsewhere_section(report.validation.elsewhere) if report.validation and report.validation.elsewhere else None,
        _reused(report.export.reused_from) if report.export and report.export.reused_from else None,
        _attempts(report.export, report.verdict == "error") if report.export and report.export.attempts else None,
        _benchmark(report.benchmark) if report.benchmark else None,
        trend_section(report),
        _graph(report.graph) if report.graph else None,
        _bundle(report.files) if report.files else None,
        _usage(report),
        _reproduce(report.reproduce),
        _environment(report.environment),
    )
    return tuple(section for section in sections if section is not None)


def _warnings(warnings: tuple[str, ...]) -> Section | None:
    if not warnings:
        return None
    paragraphs = tuple(Paragraph(prose(warning)) for warning in warnings)
    return Section("warnings", "Warnings", line(str(len(warnings))), paragraphs, open=True)


def _reused(origin: Base) -> Section:
    since = f", {origin.created_at}" if origin.created_at else ""
    text = line(
        "Nothing was exported in this run: the model, the inputs, the libraries and this program are those of commit ",
        code(origin.commit[:7]),
        " (the artifact ",
        code(origin.name),
        f"{since}). The files are that artifact's, checked against their hashes; proof and timings are those of its "
        "run, on its machine. ",
        code("reuse: false"),
        " exports again.",
    )
    return Section(
        "attempts", "Export", line("not needed, unchanged since ", code(origin.commit[:7])), (Paragraph(text),)
    )


def _attempts(export: Export, unfold: bool) -> Section:
    explained = any(attempt.cause for attempt in export.attempts)
    columns = "exporter|result|cause+|hint+|time:|peak memory:" if explained else "exporter|result|time:|peak memory:"
    rows = [_attempt(attempt, explained) for attempt in export.attempts]
    parts = [line(units.plural(len(export.attempts), "attempt")), line(units.seconds(export.seconds))]
    if export.peak_rss_bytes is not None:
        parts.append(line(f"{units.size(export.peak_rss_bytes)} peak memory"))
    return Section("attempts", "Export", joined(parts, ", "), (table(columns, rows),), open=unfold)


def _attempt(attempt: Attempt, explained: bool) -> tuple[str | Line, ...]:
    why = (prose(attempt.cause or ""), prose(attempt.hint or "")) if explained else ()
    memory = units.size(attempt.peak_rss_bytes) if attempt.peak_rss_bytes is not None else "unknown"
    name, result = line(code(attempt.exporter)), "✓ exported" if attempt.ok else "✗ failed"
    return (name, result, *why, units.seconds(attempt.seconds), memory)


def _benchmark(benchmark: Benchmark) -> Section:
    names = {"onnxruntime": "ONNX Runtime", **FRAMEWORKS}
    rows: list[tuple[str | Line, ...]] = [
        (
            timing.shape,
            names[timing.runtime],
            line(strong(units.milliseconds(timing.p50_ms))),
            units.milliseconds(timing.p90_ms),
            units.percent(timing.spread_pct),
            f"{units.digits(timing.items_per_second)}/s",
            f"{len(timing.samples_ms):,}",
        )
        for timing in benchmark.timings
    ]
    conditions = line(
        f"{benchmark.provider}, {units.plural(benchmark.threads, 'thread')}. "
        f"Load {units.milliseconds(benchmark.load_ms)}, peak memory {units.size(benchmark.peak_rss_bytes)}. "
        f"Noise floor {units.percent(benchmark.noise_floor_pct)}: a smaller difference cannot be told from noise. "
        "Spread is the interquartile range over the median."
    )
    summary = line(units.plural(len({timing.shape for timing in benchmark.timings}), "shape"))
    timings = table("shape|runtime|p50:|p90:|spread:|items:|runs:", rows)
    return Section("benchmark", "Benchmark", summary, (timings, Paragraph(conditions)))


def _graph(graph: Graph) -> Section:
    rows: list[tuple[str | Line, ...]] = [
        (kind, line(code(tensor.name)), tensor.dtype, f" {units.TIMES} ".join(map(str, tensor.shape)) or "scalar")
        for kind, tensors in (("input", graph.inputs), ("output", graph.outputs))
        for tensor in tensors
    ]
    ranked = sorted(graph.operators.items(), key=lambda item: (-item[1], item[0]))
    shown = [line(code(name), f" {count:,}") for name, count in ranked[:_SHOWN_OPERATORS]]
    if rest := ranked[_SHOWN_OPERATORS:]:
        shown.append(line(f"{units.plural(len(rest), 'more kind')} {sum(count for _, count in rest):,} times"))
    operators = Paragraph(line("Operators: ", *joined(shown, ", "), "."))
    summary = f"{units.amount(graph.parameters)} parameters in {units.plural(graph.initializers, 'tensor')}"
    blocks = (table("|name|type|axes", rows), operators) if shown else (table("|name|type|axes", rows),)
    return Section("graph", "Graph", line(f"{units.plural(graph.nodes, 'node')}, {summary}"), blocks)


def _bundle(files: tuple[File, ...]) -> Section:
    rows: list[tuple[str | Line, ...]] = [
        (line(code(file.path)), units.size(file.size_bytes), line(code(file.sha256))) for file in files
    ]
    total = units.size(sum(file.size_bytes for file in files))
    summary = line(f"{units.plural(len(files), 'file')}, {total}")
    return Section("bundle", "Bundle", summary, (table("file|size:|SHA-256", rows),))


def _usage(report: Report) -> Section | None:
    text = example(report)
    if not text:
        return None
    return Section("usage", "Use it", line("in the bundle's folder"), (Code(text, "python"),))


def _reproduce(command: str) -> Section | None:
    if not command:
        return None
    printable = "\n".join(one_line(row) for row in command.split("\n"))
    return Section("reproduce", "Reproduce it", line("in a shell"), (Code(printable, "sh"),))


def _environment(environment: Environment) -> Section:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(environment.versions.items()))
    rows: list[tuple[str | Line, ...]] = [
        ("processor", f"{environment.cpu}, {units.plural(environment.cores, 'core')}"),
        ("memory", units.size(environment.memory_bytes)),
        ("kernel", environment.kernel),
        ("Python", environment.python),
        ("libraries", versions),
    ]
    summary = line(f"{environment.cpu}, {units.plural(environment.cores, 'core')}")
    return Section("environment", "Environment", summary, (table("what|value+", rows),))
