"""The proof with the user's own inputs: the file's answers from its worker, in words from the model's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onnx_export_action.log import Log
from onnx_export_action.records import Check, Disagreement, Samples, Validation
from onnx_export_action.workers.client import Worker, WorkerFailure

Found = dict[str, Any]

_SHOWN = 10
_LONGEST = 120


def judged(
    validation: Validation,
    model_worker: Worker,
    validator: Worker,
    answered: Mapping[str, Any] | None,
    files: Mapping[str, Path],
    source: str,
    threads: int,
    log: Log,
) -> Validation:
    """The validation with the samples and their check; `files` by name where several answer together."""
    if answered is None or not validation.cases:
        return validation  # without a case the file has not been loaded, and the check that failed says why
    named = {name: str(file) for name, file in files.items()}
    rows: list[Found] = []
    try:
        for batch in answered["batches"]:
            found = validator.call("agree", batch=batch, files=named, threads=threads)
            if found["error"]:
                raise WorkerFailure(found["error"])
            rows += [{**row, "sample": number} for row, number in zip(found["rows"], batch["samples"], strict=True)]
        samples = _together(answered, rows, source, _told(model_worker, _worst(rows)))
    except WorkerFailure as failure:
        samples = _unanswered(answered, rows, source, failure.cause)
    check = Check(name="samples", passed=samples.passed, detail=_detail(samples))
    log.line(f"{'✓' if check.passed else '✗'} samples: {check.detail}")
    return validation.model_copy(update={"samples": samples, "checks": (*validation.checks, check)})


def _worst(rows: list[Found]) -> list[Found]:
    """Those with an answer that is not the model's: the wrong ones first, then by how sure the model was."""
    differing = [row for row in rows if row["same"] < row["answers"]]
    return sorted(differing, key=_badness, reverse=True)[:_SHOWN]


def _badness(row: Found) -> tuple[float, float, float]:
    margin = float("inf") if row["margin"] is None else row["margin"]
    return row["wrong"] / row["answers"], 1 - row["same"] / row["answers"], margin


def _told(worker: Worker, worst: list[Found]) -> list[Found]:
    if not worst:
        return []
    try:
        words = worker.call("tell_samples", found=worst)
    except WorkerFailure:  # the numbers stand without words
        words = [{"expected": "", "actual": ""}] * len(worst)
    return [{**row, **said} for row, said in zip(worst, words, strict=True)]


def _together(answered: Mapping[str, Any], rows: list[Found], source: str, worst: list[Found]) -> Samples:
    return Samples(
        source=source,
        given=answered["given"],
        taken=len(rows),
        answers=sum(row["answers"] for row in rows),
        same=sum(row["same"] for row in rows),
        wrong=sum(row["wrong"] for row in rows),
        differing=sum(row["same"] < row["answers"] for row in rows),
        worst=tuple(_disagreement(answered["samples"][row["sample"]], row) for row in worst),
    )


def _disagreement(sample: Mapping[str, str], row: Found) -> Disagreement:
    return Disagreement(
        place=sample["place"],
        sample=_cut(sample["name"]),
        expected=_cut(row["expected"]),
        actual=_cut(row["actual"]),
        **{name: row[name] for name in ("answers", "same", "wrong", "margin")},
    )


def _unanswered(answered: Mapping[str, Any], rows: list[Found], source: str, why: str) -> Samples:
    counts = dict.fromkeys(("answers", "same", "wrong"), 0)
    return Samples(source=source, given=answered["given"], taken=len(rows), **counts, error=_cut(why, 500))


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _detail(samples: Samples) -> str:
    """One sentence of numbers: the texts themselves are the table's."""
    if samples.error:
        return f"the file gives no answer to a sample: {samples.error}"
    of = f"{samples.same:,} of {samples.answers:,} answers to {samples.taken:,} samples are the model's"
    if samples.wrong:
        return f"{of}, and {samples.wrong:,} differ by more than the limits explain"
    ties = samples.answers - samples.same
    return f"{of}, the others as good within the limits" if ties else of
