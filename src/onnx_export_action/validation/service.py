"""The validating worker: opens the file, runs ONNX Runtime on every case, compares, times.

A process of its own, because a broken or hostile file can take the runtime down with it.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action import tasks
from onnx_export_action.records import Case, Fixing
from onnx_export_action.validation import (
    case_values,
    departure,
    fixing,
    frozen,
    generation,
    likeness,
    merged,
    one_size,
    opening,
    operators,
    parity,
    real_inputs,
    received,
    reference,
    self_cases,
    structure,
    tables,
    target,
    written,
)
from onnx_export_action.validation.opening import Asked, Foreseen
from onnx_export_action.validation.parity import Limit, Reference, Rounding
from onnx_export_action.validation.probe import Probe
from onnx_export_action.validation.seen import Seen
from onnx_export_action.validation.session import OPTIMISATION, PROVIDER, UNPACKED, Session
from onnx_export_action.validation.variation import Variation
from onnx_export_action.workers.timing import latencies_ms

Array = NDArray[Any]


class Service:
    """The operations of a validating worker; values are records as plain JSON."""

    _session: Session
    _limits: dict[str, Limit]
    _reference: Callable[[], object] | None = None
    _foreseen: Foreseen | None = None

    def __init__(self) -> None:
        self._parts: dict[str, Session] = {}

    def receive(self, file: str) -> None:
        """Refuse a file of somebody else's that no runtime should see; says nothing of one that may be looked at."""
        received.check(Path(file))

    def inspect(
        self, file: str, opset: int | None, runtime: str | None, token_tables: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Structure, opset, IR, and the checks that need no inputs; why token ids may be looked up otherwise."""
        path = Path(file)
        model = structure.read_slim(path)
        delivered = structure.opset(model)
        seen = {
            "opset": delivered,
            "ir_version": model.ir_version,
            "graph": structure.graph(model).model_dump(),
        }
        weights = structure.check_weights(model, path.parent)
        asked = token_tables if token_tables and weights.passed else {}
        seen["strange"] = tables.strange(model, path.parent, asked)
        newer = operators.too_new(model, target.release(runtime)) if runtime else []
        checks = (
            weights,
            structure.check_opset(model, opset),
            target.check_target(runtime, delivered, model.ir_version, newer),
            structure.check_graph(model),  # the last: it takes the weights out
        )
        return {**seen, "checks": [check.model_dump() for check in checks]}

    def open(self, file: str, threads: int, packed: bool = True, mapped: bool = False) -> dict[str, Any]:
        """Load the file; tells its inputs, outputs, load time in milliseconds."""
        asked = Asked(Path(file), threads, packed, mapped)
        foreseen, self._foreseen = self._foreseen, None
        loaded = (foreseen.take(asked) if foreseen is not None else None) or opening.load(asked)
        self._session, self._parts = loaded.session, {}
        return {
            "inputs": list(self._session.input_types),
            "outputs": list(self._session.output_names),
            "load_ms": loaded.load_ms,
            "provider": PROVIDER,
            "optimisation": OPTIMISATION,
        }

    def foresee(self, file: str, threads: int, packed: bool = True, mapped: bool = False) -> None:
        """Have ready what `open` will be asked for with the same arguments, as soon as the file lies there."""
        self._foreseen = Foreseen(Asked(Path(file), threads, packed, mapped))

    def load(self, file: str) -> None:
        """Let ONNX Runtime load a file, its weights mapped where they lie, and make nothing faster: nothing is run."""
        Session(Path(file), 1, optimised=False, config=UNPACKED, mapped=True)

    def survey(
        self, cases: list[dict[str, Any]], dtype: str, atol: float | None, rtol: float | None
    ) -> dict[str, dict[str, Any]]:
        """Read the reference's answers to all cases, and set by them what each output has to keep to."""
        seen = Variation()
        for case in cases:
            inputs, expected = case_values.read(case["file"])
            for name, value in expected.items():
                seen.add(name, value, _mask(name, value, case, inputs))
        self._limits = {
            name: parity.limit(dtype, atol, rtol, Reference(*seen.of(name), _rounding(name, cases)))
            for name in seen.names
        }
        return {name: asdict(limit) for name, limit in self._limits.items()}

    def keep_to(self, limits: dict[str, dict[str, Any]]) -> None:
        """Hold outputs to what an earlier `survey` of the same cases set."""
        self._limits = {name: Limit(**limit) for name, limit in limits.items()}

    def compare(self, case: dict[str, Any]) -> dict[str, Any]:
        """Run one case and compare every output that the file has with the reference's; its limits are set first."""
        return self._compared(self._session, case)

    def compare_unoptimised(self, file: str, case: dict[str, Any]) -> dict[str, Any]:
        """The same without graph optimisation, which the runtime may be wrong in."""
        return self._compared(Session(Path(file), 1, optimised=False), case)

    def _compared(self, session: Session, case: dict[str, Any]) -> dict[str, Any]:
        inputs, expected = case_values.read(case["file"])
        try:
            answers = session.run(inputs)
        except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
            return Case(shape=case["shape"], inputs=case["inputs"], error=_message(error)).model_dump()
        outputs = tuple(
            parity.compare(name, expected[name], answer, self._limits[name], _mask(name, expected[name], case, inputs))
            if name in expected
            else parity.unknown(name, answer)
            for name, answer in answers.items()
        )
        return Case(shape=case["shape"], inputs=case["inputs"], outputs=outputs).model_dump()

    def cross(self, case: dict[str, Any], answered: str) -> dict[str, Any]:
        """Compare answers that lie in a file with the reference's; `survey` comes first."""
        inputs, expected = case_values.read(case["file"])
        _, answers = case_values.read(answered)
        outputs = tuple(
            parity.compare(name, value, answers[name], self._limits[name], _mask(name, value, case, inputs))
            for name, value in expected.items()
            if name in answers
        )
        return Case(shape=case["shape"], inputs=case["inputs"], outputs=outputs).model_dump()

    def liken(self, case: dict[str, Any]) -> list[dict[str, Any]]:
        """Run one case and tell how near each output is to the reference's, in sums over its values."""
        inputs, expected = case_values.read(case["file"])
        answers = self._session.run(inputs)
        found = (
            likeness.sums(name, expected[name], answer, _mask(name, expected[name], case, inputs))
            for name, answer in answers.items()
            if name in expected
        )
        return [asdict(sums) for sums in found if sums is not None]

    def generate(self, said: dict[str, Any]) -> dict[str, Any]:
        """Let the file write on as the model did, token by token; tells where they part."""
        first, model = generation.said(said["file"])
        return _followed(
            lambda: generation.follow(self._session.run, first, model.tokens, model.scores, self._limits["logits"])
        )

    def generate_together(self, files: dict[str, str], threads: int, said: dict[str, Any]) -> dict[str, Any]:
        """The same for the files of an encoder-decoder, by the names of its parts; the decoder is surveyed last."""
        first, model = generation.said(said["file"])

        def follow() -> generation.Followed:
            opened = [self._opened(files[name], threads) for name in (tasks.ENCODER, tasks.DECODER, tasks.STEP)]
            return generation.follow_parts(generation.Parts(*opened), first, model, self._limits["logits"])

        return _followed(follow)

    def agree(self, batch: dict[str, Any], files: dict[str, str], threads: int) -> dict[str, Any]:
        """Hold the file, or several by the names of their parts, to the model's answers to a batch of real inputs."""
        try:
            opened = (lambda name: self._opened(files[name], threads)) if files else None
            rows = real_inputs.agree(batch, self._session.run, opened, self._limits)
        except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
            return {"rows": [], "error": _message(error)}
        return {"rows": [asdict(row) for row in rows], "error": ""}

    def _opened(self, file: str, threads: int) -> generation.Run:
        """One of several files that answer together, loaded once."""
        if file not in self._parts:
            self._parts[file] = merged.opened(Path(file), threads)
        return self._parts[file].run

    def depart(self, file: str, case: dict[str, Any], parts: dict[str, str], dtype: str) -> dict[str, Any] | None:
        """Where the file departs from the parts of the model; None where it does not say or all of them agree."""
        inputs, _ = case_values.read(case["file"])
        with tempfile.TemporaryDirectory(dir=Path(case["file"]).parent) as folder:
            found = departure.find(Path(file), inputs, parts, dtype, case["shape"], Path(folder))
        return found.model_dump() if found else None

    def fix(
        self, file: str, failing: str, other: str, axes: dict[str, dict[str, str]], declared: dict[str, int]
    ) -> list[dict[str, Any]]:
        """What keeps the file from running at a case's sizes; `declared` are axes that it itself gives one size."""
        inputs, second = case_values.read(failing)[0], case_values.read(other)[0]
        named = {name: {int(axis): label for axis, label in labels.items()} for name, labels in axes.items()}
        with tempfile.TemporaryDirectory(dir=Path(failing).parent) as folder:
            probe = Probe(Path(file), Path(folder))
            probe.open(named)
            try:
                place = fixing.find(probe, inputs, second, named)
            except Exception:  # ONNX Runtime raises its own types; where it says no place, none is known
                return []
        found = [place] if place else [Fixing(axis=label, size=size) for label, size in declared.items()]
        return [each.model_dump() for each in found]

    def frozen(
        self, file: str, failing: str, other: str, axes: dict[str, dict[str, str]], samples: dict[str, int]
    ) -> dict[str, Any] | None:
        """Where the file holds the export's own size of an axis, as far as two cases with wrong answers show it."""
        runs = [case_values.read(each)[0] for each in (failing, other)]
        named = {name: {int(axis): label for axis, label in labels.items()} for name, labels in axes.items()}
        with tempfile.TemporaryDirectory(dir=Path(failing).parent) as folder:
            found = frozen.find(Seen(Probe(Path(file), Path(folder)), runs[0], runs[1], named), samples)
        return found.model_dump() if found else None

    def write_for_one_size(self, file: str, case: dict[str, Any], target: str) -> None:
        """Write the file for the sizes of one case alone."""
        one_size.write(Path(file), case_values.read(case["file"])[0], Path(target))

    def make_cases(self, file: str, folder: str, threads: int) -> list[dict[str, Any]]:
        """Cases for a file without a model: its own answers without optimisation, at several sizes."""
        return self_cases.write(Path(file), Path(folder), threads)

    def time(self, case: str, seconds: float) -> list[float]:
        """Latencies on a case's inputs, in milliseconds, for about `seconds` and at least once."""
        inputs, _ = case_values.read(case)
        return latencies_ms(self._session.prepared(inputs), seconds)

    def time_reference(self, seconds: float, threads: int) -> list[float]:
        """Latencies of the fixed graph, in milliseconds, for about `seconds` and at least once."""
        self._reference = self._reference or reference.prepared(threads)
        return latencies_ms(self._reference, seconds)

    def peak_rss_bytes(self) -> int:
        """The greatest resident set of this process so far."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _followed(follow: Callable[[], generation.Followed]) -> dict[str, Any]:
    try:
        return asdict(follow())
    except Exception as error:  # ONNX Runtime raises its own types, and they are the answer here
        return {"ties": 0, "difference": _message(error)}


def _rounding(name: str, cases: list[dict[str, Any]]) -> Rounding | None:
    """The lesser of the cases where it was measured: in one of them a choice may have tipped over."""
    found = [case["rounding"][name] for case in cases if name in case.get("rounding", {})]
    if not found:
        return None
    return Rounding(*(min(each[place] for each in found) for place in (0, 1)))


def _mask(name: str, expected: Array, case: dict[str, Any], inputs: dict[str, Array]) -> Array | None:
    """The attention mask over an output's own positions: the new ones of a text, or all of those in a cache."""
    mask = inputs.get("attention_mask")
    if mask is None or name not in case.get("masked", ()):
        return None
    axis = 2 if name.startswith(written.PRESENT) else 1
    positions = mask[:, -expected.shape[axis] :]
    wide = positions if axis == 1 else positions[:, None]
    return np.broadcast_to(wide, expected.shape[: axis + 1]) if wide.shape[-1] == expected.shape[axis] else None


def _message(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:500]
