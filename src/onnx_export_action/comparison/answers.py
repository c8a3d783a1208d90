"""How far each output moved from the base to the candidate, and how many of its answers are the same; pure NumPy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Movement

Array = NDArray[Any]

_ANSWERS = re.compile(r"logit|prob|score", re.IGNORECASE)
_NO_ANSWERS = re.compile(r"hidden|embed|pool|feature|state|box|coord|present|past|cache|attention|mask", re.IGNORECASE)
_FIRST = 5


@dataclass
class Tally:
    """What was seen of one output, case by case."""

    output: str
    farthest: float | None = None
    unlike: int = 0  # values that are NaN or infinite on one side
    same: int = 0
    in_first: int = 0
    ranked: int = 0
    compared: int = 0
    classes: set[int] = field(default_factory=set)
    cosine: float | None = None
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say once what could not be compared."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, base: Array, head: Array, mask: Array | None, case: str) -> None:
        """Compare one case's arrays; with a mask of the first two axes, only where it is 1."""
        if base.shape != head.shape:
            self.note(f"{_shape(head)} instead of {_shape(base)} at {case}")
            return
        covers = mask is not None and mask.ndim == 2 and base.shape[:2] == mask.shape
        kept = mask == 1 if covers and mask is not None else None
        self._measure(*((base, head) if kept is None else (base[kept], head[kept])))
        if base.dtype.kind in "iub":
            self._count_equal(*((base, head) if kept is None else (base[kept], head[kept])))
        elif base.dtype.kind == "f":
            self._answers(base, head, kept)

    def movement(self) -> Movement:
        """All cases together."""
        return Movement(
            output=self.output,
            max_abs_diff=self.farthest,
            agreement_pct=100 * self.same / self.compared if self.compared else None,
            top5_pct=100 * self.in_first / self.ranked if self.ranked else None,
            answers=self.compared,
            detail=", ".join([*self._told(), *self.notes])[:500],
        )

    def _measure(self, base: Array, head: Array) -> None:
        if base.dtype.kind not in "iubf" or head.dtype.kind not in "iubf":
            self.note(f"{base.dtype} and {head.dtype} cannot be subtracted")
            return
        unequal = (base != head) & ~((base != base) & (head != head))
        gaps = np.abs(base[unequal].astype(np.float64) - head[unequal].astype(np.float64))
        finite = np.isfinite(gaps)
        self.unlike += int((~finite).sum())
        if base.size and (finite.any() or not unequal.any()):
            self.farthest = max(self.farthest or 0.0, float(gaps[finite].max(initial=0.0)))

    def _count_equal(self, base: Array, head: Array) -> None:
        self.compared += base.size
        self.same += int((base == head).sum())

    def _answers(self, base: Array, head: Array, kept: Array | None) -> None:
        rows = _rows(self.output, base, kept), _rows(self.output, head, kept)
        if rows[0] is None or rows[1] is None:
            flat = (base, head) if kept is None else (base[kept], head[kept])
            self._turn(*(each.reshape(-1, each.shape[-1]) for each in flat if each.ndim > 1 and each.shape[-1] > 1))
            return
        one, other = rows[0], rows[1]
        sound = ~np.isnan(one).any(axis=1)  # a base without an answer agrees with nothing
        one, other = one[sound], other[sound]
        self.classes.add(one.shape[1])
        self.compared += len(one)
        best = one.argmax(axis=1)
        whole = ~np.isnan(other).any(axis=1)
        self.same += int(((other.argmax(axis=1) == best) & whole).sum())
        if one.shape[1] > _FIRST:
            theirs = np.take_along_axis(other, best[:, None], axis=1)
            self.ranked += len(one)
            self.in_first += int((((other > theirs).sum(axis=1) < _FIRST) & whole).sum())

    def _turn(self, *rows: Array) -> None:
        """The cosine between vectors that are no answers: embeddings, hidden states."""
        if len(rows) != 2 or not len(rows[0]):
            return
        one, other = (each.astype(np.float64) for each in rows)
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        usable = np.isfinite(norms) & (norms > 0)
        self.rows += int(usable.sum())
        if usable.any():
            least = float(((one * other).sum(axis=1)[usable] / norms[usable]).min())
            self.cosine = least if self.cosine is None else min(self.cosine, least)

    def _told(self) -> list[str]:
        told = []
        if self.classes:
            sizes = sorted(self.classes)
            of = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
            told.append(f"{self.compared:,} answers: the greatest of {of}")
        elif self.compared:
            told.append(f"{self.compared:,} values, equal or not")
        if self.cosine is not None:
            told.append(f"{self.rows:,} vectors, least cosine {self.cosine:.6f}")
        if self.unlike:
            told.append(f"{self.unlike:,} values are NaN or infinite on one side")
        return told


def compare(
    tallies: dict[str, Tally],
    answers: tuple[Mapping[str, Array], Mapping[str, Array]],
    renamed: Mapping[str, str],
    case: Mapping[str, Any],
    mask: Array | None,
) -> None:
    """Add one case of base and head; `renamed` are the base's outputs by their names in the candidate."""
    base, head = answers
    for name, value in base.items():
        now = renamed.get(name, name)
        tally = tallies.setdefault(now, Tally(now))
        if now not in head:
            tally.note("only the base has it")
        else:
            tally.add(value, head[now], mask if _follows_text(now, value, case, mask) else None, case["shape"])
    for name in head.keys() - set(renamed.values()):
        tallies.setdefault(name, Tally(name)).note("only the candidate has it")


def _follows_text(name: str, value: Array, case: Mapping[str, Any], mask: Array | None) -> bool:
    """Whether padding says nothing here: the proof found out, or the output has three axes and the first two fit."""
    if name in case.get("masked", ()):
        return True
    return "masked" not in case and mask is not None and value.ndim > 2 and value.shape[:2] == mask.shape


def _rows(name: str, value: Array, kept: Array | None) -> Array | None:
    """One row of scores for each answer; None where the greatest of them is no answer."""
    if value.ndim < 2 or _NO_ANSWERS.search(name) or (value.ndim > 2 and not _ANSWERS.search(name)):
        return None
    if kept is not None and value.ndim == 2:  # a score for each position: padding cannot be the answer
        rows = np.where(kept, value, -np.inf)
    elif kept is not None:
        rows = value[kept]
    else:
        rows = np.moveaxis(value, 1, -1) if value.ndim > 3 else value  # an image has its classes on the second axis
    rows = rows.reshape(-1, rows.shape[-1])
    return rows if rows.shape[-1] > 1 and len(rows) else None


def _shape(value: Array) -> str:
    return " x ".join(map(str, value.shape)) or "a scalar"
