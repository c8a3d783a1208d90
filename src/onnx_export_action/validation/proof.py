"""Put the validating worker's answers together: the proof of one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from onnx_export_action.log import Log
from onnx_export_action.records import Case, Check, Fixing, Graph, Validation
from onnx_export_action.settings import Settings
from onnx_export_action.validation import axes, fixed, written
from onnx_export_action.workers.client import Worker, WorkerFailure

SERVICE = "onnx_export_action.validation.service"

_OWN_TABLE = "every id looks up the model's own table, the same byte by byte, so a spread of ids proves them all"


@dataclass(frozen=True)
class Proof:
    """The validation, and what the file's structure says."""

    validation: Validation
    graph: Graph | None
    opset: int | None
    ir_version: int | None
    limits: Mapping[str, Any] = field(default_factory=dict)  # by output: what it was held to, as `survey` tells it


@dataclass(frozen=True)
class Evidence:
    """What a file is held against: cases with reference answers, and the axes that should be dynamic."""

    cases: tuple[dict[str, Any], ...]
    axes: dict[str, dict[int, str]]
    reference: Literal["pytorch", "tensorflow", "unoptimised"]
    generations: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    refused: tuple[dict[str, Any], ...] = ()  # sizes that the model itself does not take, with its reasons
    sample: Mapping[str, Sequence[int]] = field(default_factory=dict)  # the inputs of the export, where it is known
    tables: dict[str, Any] = field(default_factory=dict)
    every_token: Callable[[], dict[str, Any]] | None = None  # the cases for a file whose table is not the model's
    one_size: str = "the export does not"  # why an image has one size that the model takes at others


def prove(
    worker: Worker, file: Path, opset: int | None, evidence: Evidence, settings: Settings, threads: int, log: Log
) -> Proof:
    """Structure first, then every case, then the axes that the cases proved."""
    tables = evidence.tables
    seen = worker.call("inspect", file=str(file), opset=opset, runtime=settings.target, token_tables=tables)
    graph = Graph.model_validate(seen["graph"])
    checks = [Check.model_validate(check) for check in seen["checks"]]
    if seen["strange"] and not any(seen["strange"].values()):
        checks.append(Check(name="token table", passed=True, detail=f"{', '.join(tables)}: {_OWN_TABLE}"))
    elif seen["strange"] and evidence.every_token is not None:
        evidence = _with_every_token(evidence, next(filter(None, seen["strange"].values())))
    cases: list[Case] = []
    ran: dict[str, str] = {}
    limits: dict[str, Any] = {}
    try:
        opened = worker.call("open", **to_open(file, threads))
        ran = {name: opened[name] for name in ("provider", "optimisation")}
        checks.append(Check(name="ONNX Runtime", passed=True, detail=f"loads the file in {opened['load_ms']:.0f} ms"))
        checks.append(_names_check(opened, evidence))
        limits = worker.call("survey", **surveyed(evidence.cases, settings))
        cases = [_compare(worker, case, log) for case in axes.runnable(graph, evidence.axes, evidence.cases)]
        checks += _sensitivity(cases, evidence, settings)
        if evidence.generations:
            checks.append(_generate(worker, evidence.generations, log))
    except WorkerFailure as failure:
        checks.append(Check(name="ONNX Runtime", passed=False, detail=failure.cause[:500]))
    validation = Validation(
        reference=evidence.reference,
        checks=tuple(checks),
        cases=tuple(cases),
        dynamic_axes=axes.found(graph, evidence.axes, cases, evidence.cases, evidence.refused, evidence.one_size),
        fixings=_fixings(worker, file, graph, evidence, cases),
        notes=evidence.notes,
        **ran,
    )
    for fixing in validation.fixings:
        log.line(f"✗ {fixing.sentence}")
    return Proof(validation, graph, seen["opset"], seen["ir_version"], limits)


def to_open(file: Path, threads: int) -> dict[str, Any]:
    """What `open` is asked, and `foresee` where the file may lie there before its proof begins.

    For so few runs ONNX Runtime's own order of the weights takes longer to make than it saves, and a copy of them all.
    """
    return {"file": str(file), "threads": threads, "packed": False, "mapped": True}


def surveyed(cases: Sequence[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """What `survey` is asked: cases whose answers set what each output has to keep to, and the user's own limits."""
    return {"cases": list(cases), "dtype": settings.dtype, "atol": settings.atol, "rtol": settings.rtol}


def _with_every_token(evidence: Evidence, reason: str) -> Evidence:
    """A single token could be answered otherwise, so each is tried, as far as one run can afford."""
    assert evidence.every_token is not None
    asked = evidence.every_token()
    left = (f"{asked['left']} The file itself does not show that the others are right: {reason}.",)
    return replace(
        evidence, cases=(*evidence.cases, *asked["cases"]), notes=(*evidence.notes, *(left if asked["left"] else ()))
    )


def summary_of_failure(validation: Validation) -> str:
    """One sentence on the first thing that is wrong."""
    for check in validation.checks:
        if not check.passed:
            return f"{check.name}: {check.detail}"
    worst = validation.worst_case
    if worst is not None and not worst.passed:
        place = f"; {validation.fixings[0].sentence}" if worst.error and validation.fixings else ""
        ties = f"; {validation.ties}" if validation.ties else ""
        return f"at {worst.shape}: {worst.error or _worst_output(worst)}{place}{ties}"
    fixed = [axis for axis in validation.dynamic_axes if not axis.passed]
    return f"axis {fixed[0].name} of {fixed[0].input} is not dynamic" if fixed else "no case could be compared"


def _worst_output(case: Case) -> str:
    failed = [parity for parity in case.outputs if parity.passed is not True]
    worst = max(failed, key=lambda parity: parity.max_abs_diff or float("inf"))
    difference = "" if worst.max_abs_diff is None else f" differs by up to {worst.max_abs_diff:.3g}"
    return f"{worst.output}{difference}, {worst.detail}"


def _compare(worker: Worker, case: dict[str, Any], log: Log) -> Case:
    compared = Case.model_validate(worker.call("compare", case=case))
    difference = "no answer" if compared.max_abs_diff is None else f"max difference {compared.max_abs_diff:.2g}"
    log.line(f"{'✓' if compared.passed else '✗'} {compared.shape}: {difference}")
    return compared


def _sensitivity(cases: list[Case], evidence: Evidence, settings: Settings) -> list[Check]:
    """Shown where outputs hardly depend on the inputs: when none does, these cases prove nothing of the file."""
    outputs = [parity for case in cases for parity in case.outputs if parity.tells is not None]
    silent = tuple(dict.fromkeys(parity.output for parity in outputs if not parity.tells))
    if not silent:
        return []
    chosen = settings.atol is not None or settings.rtol is not None
    proves = chosen or evidence.reference == "unoptimised" or any(parity.tells for parity in outputs)
    detail = f"{', '.join(silent)} would pass with the answers to other inputs as well: nothing is proven of this"
    return [Check(name="sensitivity", passed=proves, detail=detail)]


def _fixings(worker: Worker, file: Path, graph: Graph, evidence: Evidence, cases: list[Case]) -> tuple[Fixing, ...]:
    """What keeps the file from an answer at some sizes, else what may have made it wrong at all but its own."""
    if any(case.error for case in cases):
        return fixed.by(worker, file, graph, evidence.axes, evidence.cases, cases)
    wrong = [case.shape for case in cases if not case.passed]
    return fixed.frozen(
        worker, file, evidence.axes, evidence.sample, [c for c in evidence.cases if c["shape"] in wrong]
    )


def _generate(worker: Worker, said: tuple[dict[str, Any], ...], log: Log) -> Check:
    """The model's own texts written again by the file, each step from the cache of the step before."""
    check = written.check([(each, worker.call("generate", said=each)) for each in said])
    log.line(f"{'✓' if check.passed else '✗'} {check.name}: {check.detail}")
    return check


def _names_check(opened: dict[str, Any], evidence: Evidence) -> Check:
    given = set(evidence.cases[0]["inputs"])
    known = given | set(evidence.cases[0].get("derived", ()))
    missing, extra = sorted(given - set(opened["inputs"])), sorted(set(opened["inputs"]) - known)
    if extra:
        return Check(
            name="input names",
            passed=False,
            detail=f"the file asks for {', '.join(extra)}, which neither tokenizer nor processor gives",
        )
    if missing:
        return Check(
            name="input names",
            passed=False,
            detail=f"the file does not accept {', '.join(missing)}, which the model reads",
        )
    answers = [name for place, name in enumerate(evidence.cases[0]["outputs"]) if _is_wanted(place, name)]
    lacking = [name for name in answers if name not in opened["outputs"]]
    if lacking:
        return Check(name="output names", passed=False, detail=f"the file lacks {', '.join(lacking)}")
    return Check(name="input names", passed=True, detail=", ".join(opened["inputs"]))


def _is_wanted(place: int, name: str) -> bool:
    # The main output is the first; one of several answers, as an end without its start, is none, nor half a cache.
    return place == 0 or "logits" in name or name.startswith(written.PRESENT)
