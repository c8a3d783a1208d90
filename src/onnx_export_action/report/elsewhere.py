"""What another runtime answered: a row a file, beside the verdict."""

from __future__ import annotations

from onnx_export_action.records import Elsewhere
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Paragraph, Section, table
from onnx_export_action.report.proof import case_result
from onnx_export_action.report.spans import Line, line, prose


def elsewhere_section(ran: tuple[Elsewhere, ...]) -> Section:
    """Open where one of the files did not agree."""
    agree = [each for each in ran if each.case is not None and each.case.passed]
    rows = [(each.shape, each.runtime, _moved(each), _result(each)) for each in ran]
    told = line("At these sizes alone, outputs matched by their order. The verdict does not depend on it.")
    blocks = (table("case|also run in|max abs diff:|result+", [*rows]), Paragraph(told))
    summary = line(f"{len(agree)} of {units.plural(len(ran), 'file')} agree") if ran[1:] else _result(ran[0])
    return Section("elsewhere", "Another runtime", summary, blocks, open=len(agree) < len(ran))


def _moved(ran: Elsewhere) -> str:
    found = ran.case.max_abs_diff if ran.case is not None else None
    return "none" if found is None else units.digits(found)


def _result(ran: Elsewhere) -> Line:
    return prose(f"could not be run: {ran.cause}") if ran.case is None else case_result(ran.case)
