"""What is wrong, first, with what to do about it."""

from __future__ import annotations

from onnx_export_action.records import Axis, Case, Check, Parity, Report, Validation
from onnx_export_action.report import gates, units
from onnx_export_action.report.blocks import Problem
from onnx_export_action.report.spans import Line, code, joined, line, prose, strong

CHECK_REMEDIES = {
    "opset": "Ask for an opset that this exporter writes, or leave `exporter` to find one that writes yours.",
    "target runtime": "Ask for an older `opset`, or raise `target` to the runtime that you deploy.",
    "sensitivity": "The model hardly depends on its inputs: see that the checkpoint is trained. To accept that, set "
    "`atol`.",
    "target runtime, run": "Ask for an older `opset` or another `exporter`, or raise `target` to what you deploy.",
    "bundle": "Something else writes into the output folder: run again with an `output-dir` of its own.",
    "cross-check": "One version of transformers is wrong for this model: ask the one that it was trained with.",
    "samples": "Do not use this file; the section on real inputs has the worst answers. Try another `exporter`.",
    "weights": "Keep the .onnx and its data files in one folder and copy them whole.",
    "onnx.checker": "The exporter wrote an inconsistent graph: try another `exporter` or `opset`.",
    "ONNX Runtime": "The exporter wrote a file that does not load: try another `exporter` or `opset`.",
    "input names": "Callers would have to know other names than the model's: try another `exporter`.",
    "generation": "The cache is handed on wrongly: try another `exporter`, or the task without `-with-past`.",
    "output names": "Callers would look for the model's own output: try another `exporter`.",
}


def found(report: Report) -> tuple[Problem, ...]:
    """Every problem, the one that explains most first."""
    if report.failure is not None:
        return (Problem((), (prose(report.failure.message),), prose(report.failure.remedy)),)
    validation = report.validation
    if validation is None:
        return ()
    problems = [_failed_check(check) for check in validation.checks if not check.passed]
    if any(not case.passed for case in validation.cases):
        problems.insert(0, _parity(report, validation))
    if axes := _unproven_axes(validation):
        problems.append(_axes(axes, report))
    if not validation.cases and not problems:
        problems.append(Problem(line("No case could be compared."), (), _try_another(report)))
    problems += map(gates.problem, gates.failed_gates(report))
    if validation.reference == "unoptimised":
        problems.append(_NOT_PROVEN)
    elif validation.passed and validation.silent_outputs:
        problems.append(_silent(validation))
    return tuple(problems)


_NOT_PROVEN = Problem(
    line("The answers are not proven."),
    (
        line(
            "There was no model to compare with, only the .onnx file: it was compared with itself, run without "
            "graph optimisation. That shows that it runs, not that it is right."
        ),
    ),
    prose("Give `model` the original model's folder or Hub id to have a file exported and proven."),
)


def _silent(validation: Validation) -> Problem:
    names = joined([line(code(name)) for name in validation.silent_outputs], ", ")
    return Problem(
        line("Not every output is proven."),
        (line("The answers to other inputs would have passed as well in ", *names, "."),),
        prose("Look at these yourself; with limits of your own, lower `atol` and `rtol`."),
    )


def _parity(report: Report, validation: Validation) -> Problem:
    failed = [case for case in validation.cases if not case.passed]
    worst = validation.worst_case or failed[0]
    title = f"{units.share(len(failed), len(validation.cases), 'case')} failed."
    details = [
        _worst(worst),
        *_fixings(validation),
        *_optimised(validation),
        *_place(validation),
        *_ties(validation),
        *_pattern(validation),
    ]
    return Problem(line(title), tuple(details), _parity_remedy(report, validation))


def _worst(case: Case) -> Line:
    where = line("Worst at ", strong(case.shape), ": ")
    if case.error:
        return (*where, *line("ONNX Runtime gave no answer: ", case.error))
    outputs = [parity for parity in case.outputs if parity.passed is not True]
    if not outputs:
        return (*where, *line("there was no output to compare."))
    parity = max(outputs, key=_severity)
    if parity.max_abs_diff is None:
        return (*where, *line("output ", code(parity.output), f" cannot be compared: {parity.detail}."))
    limit = f"{units.digits(parity.atol)} + {units.digits(parity.rtol)} of the value"
    detail = f"; {parity.detail}." if parity.detail else "."
    difference = strong(units.digits(parity.max_abs_diff))
    return (*where, *line("output ", code(parity.output), " is off by ", difference, f", the limit is {limit}{detail}"))


def _place(validation: Validation) -> list[Line]:
    """Where it begins, and by how much."""
    found = validation.departure
    if found is None:
        return []
    off = next(step.difference for step in found.steps if step.part == found.part)
    place = line("The first part of the model that departs is ", strong(found.part), ", off by ")
    return [(*place, *line(f"{units.digits(off)} of its own size at {found.case}; all before it agrees."))]


def _optimised(validation: Validation) -> list[Line]:
    """Whether it is the runtime that is wrong, and not the file."""
    found = validation.unoptimised
    if found is None:
        return []
    text = (
        f"Run without graph optimisation (`ORT_DISABLE_ALL`), the same file gives the model's answers at {found.shape}."
    )
    return [prose(text)]


def _ties(validation: Validation) -> list[Line]:
    """Whether the model itself has a choice that nothing defines."""
    return [prose(f"{validation.ties[0].upper()}{validation.ties[1:]}.")] if validation.ties else []


def _fixings(validation: Validation) -> list[Line]:
    """What in the graph takes one size alone."""
    return [prose(f"{fixing.sentence[0].upper()}{fixing.sentence[1:]}.") for fixing in validation.fixings]


def _severity(parity: Parity) -> float:
    return float("inf") if parity.max_abs_diff is None else parity.max_abs_diff


def _pattern(validation: Validation) -> list[Line]:
    """What the failed cases have in common and no passed one has, where that is a hint."""
    failed = ["padding" in case.shape for case in validation.cases if not case.passed]
    passed = ["padding" in case.shape for case in validation.cases if case.passed]
    if passed and all(failed) and not any(passed):
        return [line("Only padded inputs fail: the attention mask was not exported as the model uses it.")]
    return []


def _parity_remedy(report: Report, validation: Validation) -> Line:
    if validation.reference == "unoptimised" or validation.unoptimised is not None:
        return line("ONNX Runtime's graph optimisation changes the answers: run the file with it turned off.")
    kept = [file.path for file in report.main_files if file.path.endswith(".onnx")]
    keep = line("Do not use this file; it is kept as ", code(kept[0]), " to look at. ") if kept else ()
    limits = prose(" Raise `atol` or `rtol` only where such a difference does no harm.")
    return (*keep, *_try_another(report), *limits)


def _try_another(report: Report) -> Line:
    attempts = report.export.attempts if report.export is not None else ()
    if not attempts:
        return ()
    if len(attempts) > 1:
        return prose("Every exporter that can do this model was tried: another `opset` or `task` may help.")
    return prose("Try another `exporter`, or leave it at `auto`, which goes on where one fails.")


def _failed_check(check: Check) -> Problem:
    title = line("The check ", code(check.name), " did not pass.")
    return Problem(title, (prose(check.detail),), prose(CHECK_REMEDIES.get(check.name, "")))


def _unproven_axes(validation: Validation) -> list[Axis]:
    """Axes that are a problem of their own: a failed case leaves axes unproven, and is shown itself."""
    explained = any(not case.passed for case in validation.cases)
    return [axis for axis in validation.dynamic_axes if not axis.passed and not (axis.declared and explained)]


def _axes(axes: list[Axis], report: Report) -> Problem:
    title = line(f"{units.plural(len(axes), 'axis', 'axes')} should be dynamic and cannot be relied on.")
    details = [_axis(axis) for axis in axes]
    advice = line("Inputs of other sizes may fail or be answered wrongly. ", *_try_another(report))
    return Problem(title, tuple(details), advice)


def _axis(axis: Axis) -> Line:
    where = line(code(axis.input), f" axis {axis.axis} (", code(axis.name), ") ")
    if not axis.declared:
        return (*where, *line("is fixed in the file."))
    sizes = ", ".join(str(size) for size in axis.sizes)
    return (*where, *line(f"was right only at size {sizes}." if sizes else "was right at no size."))
