"""What changed against the base: figures, latency, graph, answers, each in a table of its own."""

from __future__ import annotations

from onnx_export_action.records import (
    Base,
    Change,
    Comparison,
    GraphDiff,
    Movement,
    Paired,
)
from onnx_export_action.report import graph_changes, units
from onnx_export_action.report.blocks import Block, Paragraph, Section, table
from onnx_export_action.report.ratio import ratio_words
from onnx_export_action.report.spans import Line, code, joined, line, prose


def changes_section(comparison: Comparison) -> Section | None:
    """Everything that could be compared; none without a base."""
    if not isinstance(comparison.baseline, Base):
        return None
    graph = comparison.graph
    blocks = [
        *(graph_changes.interface(graph) if graph else ()),
        *_figures(comparison.figures),
        *_latency(comparison.latency),
        *(graph_changes.nodes_and_weights(graph) if graph else ()),
        *_answers(comparison.answers),
    ]
    breaking = graph is not None and graph.breaking
    return Section("changes", "Changes", _summary(comparison), tuple(blocks), open=breaking) if blocks else None


def base_line(base: Base) -> Line:
    """Which commit or file stands on the other side."""
    if base.kind == "path":
        return line(code(base.name))
    if not base.commit:
        return line("the artifact ", code(base.name))
    where = f"{units.plural(base.distance, 'commit')} before {base.anchor}" if base.distance else base.anchor
    inputs = ", ".join(f"{name} {value}" for name, value in sorted(base.differs.items()))
    return line(code(base.commit[:7]), f", {where}", f"; made with {inputs}" if inputs else "")


def _summary(comparison: Comparison) -> Line:
    """What the headline's figures do not say: those have size and latency."""
    graph, parts = comparison.graph, []
    if graph is not None and graph.breaking:
        parts.append("callers must change")
    if graph is not None:
        parts.append(_of_graph(graph))
    if comparison.answers:
        parts.append(_of_answers(comparison.answers))
    return line(", ".join(parts) or "figures alone, the graphs were not compared")


def _of_graph(graph: GraphDiff) -> str:
    if graph.identical:
        return "the same graph and weights"
    same = not (graph.operators or graph.nodes_added or graph.nodes_removed or graph.nodes_altered or graph.interface)
    if not graph.weights_changed:
        return "the graph differs"
    weights = units.plural(graph.weights_changed, "weight")
    if not same:
        return f"the graph and {weights} differ"
    return f"the same graph, {weights} {'differs' if graph.weights_changed == 1 else 'differ'}"


def _of_answers(answers: tuple[Movement, ...]) -> str:
    """By the output that agrees least; where none has answers, by the one that moved farthest."""
    agreed = [movement.agreement_pct for movement in answers if movement.agreement_pct is not None]
    if agreed:
        return f"answers {units.percent(min(agreed))} the same"
    moved = [movement.max_abs_diff for movement in answers if movement.max_abs_diff is not None]
    if not moved:
        return "outputs not comparable"
    return f"outputs up to {units.digits(max(moved))} apart" if max(moved) else "the same outputs"


def changed(change: Change) -> str:
    """The change in percent, signed."""
    if change.base == change.head:
        return "±0"
    return units.signed_percent(change.percent) if change.percent is not None else ""


def amount(change: Change, value: float | None) -> str:
    """A figure with its unit."""
    if value is None:
        return "unknown"
    if change.unit == "bytes":
        return units.size(int(value))
    if change.unit == "ms":
        return units.milliseconds(value)
    return units.amount(int(value)) if value.is_integer() else units.digits(value)


def _figures(figures: tuple[Change, ...]) -> list[Block]:
    moved = [change for change in figures if change.base != change.head]
    still = [change for change in figures if change.base == change.head and change.head is not None]
    blocks: list[Block] = []
    if moved:
        rows: list[tuple[str | Line, ...]] = [
            (
                change.name,
                amount(change, change.base),
                amount(change, change.head),
                changed(change),
                prose(change.detail),
            )
            for change in moved
        ]
        blocks.append(table("figure|base:|head:|change:|detail+", rows))
    if still:
        names = [line(f"{change.name} {amount(change, change.head)}") for change in still]
        blocks.append(Paragraph(line("Unchanged: ", *joined(names, ", "), ".")))
    unknown = [change for change in figures if change.base is None and change.head is None and change.detail]
    blocks += [Paragraph(line(f"{change.name}: unknown, ", *prose(change.detail), ".")) for change in unknown]
    return blocks


def _latency(latency: tuple[Paired, ...]) -> list[Block]:
    if not latency:
        return []
    rows: list[tuple[str | Line, ...]] = [
        (
            paired.shape,
            units.milliseconds(paired.base_p50_ms),
            units.milliseconds(paired.head_p50_ms),
            ratio_words(paired),
            units.percent(paired.noise_floor_pct),
            units.percent(paired.detectable_pct),
            f"{paired.blocks:,}",
        )
        for paired in latency
    ]
    told = line(
        "Base and head were measured in turns, in one process. In brackets: the 95 % interval of the ratio. The noise "
        "floor is what the base against itself gave; a smaller change than the detectable one could not have been seen."
    )
    return [table("latency at|base p50:|head p50:|head is|noise floor:|detectable:|pairs:", rows), Paragraph(told)]


def _answers(answers: tuple[Movement, ...]) -> list[Block]:
    if not answers:
        return []
    rows: list[tuple[str | Line, ...]] = [
        (
            line(code(movement.output)),
            units.digits(movement.max_abs_diff) if movement.max_abs_diff is not None else "not comparable",
            _share(movement.agreement_pct),
            _share(movement.top5_pct),
            prose(movement.detail),
        )
        for movement in answers
    ]
    return [table("answers of base and head|max abs diff:|same:|in first five:|detail+", rows)]


def _share(percent: float | None) -> str:
    return units.percent(percent) if percent is not None else ""
