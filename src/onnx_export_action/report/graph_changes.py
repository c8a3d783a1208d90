"""What changed in the graph: what callers see, operators, weights."""

from __future__ import annotations

from onnx_export_action.records import GraphDiff, OperatorChange, Tensor, WeightChange
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Block, Paragraph, table
from onnx_export_action.report.spans import Line, code, joined, line, prose, strong


def interface(graph: GraphDiff) -> list[Block]:
    """Inputs and outputs that are not what they were; breaking changes say so."""
    if not graph.interface:
        return []
    rows: list[tuple[str | Line, ...]] = [
        (
            change.side,
            _tensor(change.base),
            _tensor(change.head),
            line(strong(f"{change.kind}: breaks callers") if change.breaking else change.kind),
        )
        for change in graph.interface
    ]
    return [table("|base|head|change", rows)]


def _tensor(tensor: Tensor | None) -> Line:
    if tensor is None:
        return line("none")
    axes = f" {units.TIMES} ".join(map(str, tensor.shape)) or "scalar"
    return line(code(tensor.name), f" {tensor.dtype}, {axes}")


def nodes_and_weights(graph: GraphDiff) -> list[Block]:
    """Operators, where nodes came, went or are other ones, and the weights with the largest difference."""
    if graph.identical:
        return [Paragraph(line("The graph is the same, and so is every weight."))]
    blocks: list[Block] = []
    if graph.operators:
        blocks.append(_operators("operator", graph.operators))
    if graph.fused:
        blocks.append(_operators("fused by ONNX Runtime", graph.fused))
    for word, count, places in (
        ("Added", graph.nodes_added, graph.added),
        ("Removed", graph.nodes_removed, graph.removed),
        ("Altered", graph.nodes_altered, graph.altered),
    ):
        if count:
            shown = joined([line(code(place)) for place in places], ", ")
            more = f" and {count - len(places):,} more" if len(places) < count else ""
            blocks.append(Paragraph(line(f"{word} {units.plural(count, 'node')}: ", *shown, more, ".")))
    return [*blocks, *_weights(graph.weights, graph.weights_changed)]


def _operators(title: str, operators: tuple[OperatorChange, ...]) -> Block:
    rows: list[tuple[str | Line, ...]] = [
        (line(code(each.operator)), f"{each.base:,}", f"{each.head:,}", f"{each.head - each.base:+,}")
        for each in operators
    ]
    return table(f"{title}|base:|head:|change:", rows)


def _weights(weights: tuple[WeightChange, ...], total: int) -> list[Block]:
    if not weights:
        return []
    rows: list[tuple[str | Line, ...]] = [
        (
            line(code(weight.name)),
            weight.kind,
            units.digits(weight.max_abs_diff) if weight.max_abs_diff is not None else "",
            prose(weight.detail),
        )
        for weight in weights
    ]
    blocks: list[Block] = [table("weight|change|max abs diff:|detail+", rows)]
    if total > len(weights):
        blocks.append(Paragraph(line(f"{units.plural(total, 'weight')} changed; the largest differences are shown.")))
    return blocks
