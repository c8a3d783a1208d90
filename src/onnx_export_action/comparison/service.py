"""The comparing worker: reads both files, has ONNX Runtime optimise and run them.

A process of its own, because a broken or hostile file can take the runtime down with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.comparison import answers
from onnx_export_action.comparison.answers import Tally
from onnx_export_action.comparison.counted import figures
from onnx_export_action.comparison.graph import difference as graph_diff
from onnx_export_action.comparison.graph import fused
from onnx_export_action.validation.session import Session
from onnx_export_action.workers.protocol import Refusal

Arrays = dict[str, NDArray[Any]]


class Service:
    """The operations of a comparing worker; values are records as plain JSON."""

    def figures(self, base: str | None, head: str, case: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The deterministic figures of one file or of two, at the sizes of one case."""
        sizes = None if case is None else {**case, "inputs": {n: list(v.shape) for n, v in _inputs(case).items()}}
        with _sound(*filter(None, (base, head))):
            before = None if base is None else figures.of_file(Path(base), sizes)
            changes = figures.changes(before, figures.of_file(Path(head), sizes))
        return [change.model_dump() for change in changes]

    def diff(self, base: str, head: str) -> dict[str, Any]:
        """What changed in the graph, and the base's inputs and outputs by their names in the candidate."""
        with _sound(base, head):
            found = graph_diff.difference(Path(base), Path(head))
        names = asdict(found.renamed)
        return {"graph": found.graph.model_dump(), "inputs": names["inputs"], "outputs": names["outputs"]}

    def fused(self, base: str, head: str, threads: int) -> list[dict[str, Any]]:
        """The fused operators whose number differs after ONNX Runtime's own optimisation."""
        return [change.model_dump() for change in fused.changes(Path(base), Path(head), threads)]

    def answers(
        self,
        base: str,
        head: str,
        cases: list[dict[str, Any]],
        inputs: dict[str, str],
        outputs: dict[str, str],
        threads: int,
    ) -> list[dict[str, Any]]:
        """How far each output moved over all cases; `inputs` and `outputs` are the base's names in the candidate."""
        before, after = _open(base, "base", threads), _open(head, "candidate", threads)
        tallies: dict[str, Tally] = {}
        refused: list[str] = []
        for case in cases:
            given = _inputs(case)
            try:
                pair = (
                    _run(before, {was: given[now] for was, now in inputs.items() if now in given}),
                    _run(after, given),
                )
            except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
                refused.append(f"{case['shape']}: {_line(error)}")
                continue
            answers.compare(tallies, pair, outputs, case, given.get("attention_mask"))
        if not tallies:
            raise Refusal(f"No case ran on both files, the first failed at {refused[0]}" if refused else "No cases.")
        for tally in tallies.values():
            if refused:
                tally.note(f"{len(refused)} of {len(cases)} cases did not run on both files")
        return [tally.movement().model_dump() for tally in tallies.values()]


@contextmanager
def _sound(*files: str) -> Iterator[None]:
    """A damaged file can fail anywhere: a name that is no text, a tensor without its elements."""
    try:
        yield
    except (Refusal, MemoryError):
        raise
    except Exception as error:
        names = " or ".join(Path(file).name for file in files)
        raise Refusal(
            f"The graph of {names} is damaged: {type(error).__name__}, {_line(error)}",
            "Export the file again.",
            "usage",
        ) from error


def _inputs(case: Mapping[str, Any]) -> Arrays:
    with np.load(case["file"], allow_pickle=False) as arrays:
        return {name[3:]: arrays[name] for name in arrays.files if name.startswith("in.")}


def _open(file: str, side: str, threads: int) -> Session:
    try:
        return Session(Path(file), threads)
    except Exception as error:  # ONNX Runtime raises its own types
        told = _line(error).replace(file, Path(file).name)
        raise Refusal(f"ONNX Runtime cannot load the {side}: {told}", "", "usage") from error


def _run(session: Session, given: Arrays) -> Arrays:
    """The answers, with floating point inputs in the type that the file takes: base and candidate may differ in it."""
    return session.run({name: _typed(value, session.input_types.get(name, "")) for name, value in given.items()})


def _typed(value: NDArray[Any], wanted: str) -> NDArray[Any]:
    return value.astype(wanted) if value.dtype.kind == "f" and wanted.startswith("float") else value


def _line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
