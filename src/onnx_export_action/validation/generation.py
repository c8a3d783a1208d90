"""Let a decoder's file write a text token by token, and hold it to the model's own; pure NumPy.

A file with a cache gets the new token and the cache of the step before, one without gets the whole text again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Check
from onnx_export_action.validation.parity import Limit

Array = NDArray[Any]
Run = Callable[[dict[str, Array]], Mapping[str, Array]]

PAST, PRESENT = "past_key_values.", "present."


@dataclass(frozen=True)
class Followed:
    """How many tokens were as good as the model's by its own scores, and the first that was not; empty without one."""

    ties: int
    difference: str


def follow(run: Run, first: Mapping[str, Array], tokens: Array, scores: Array, limit: Limit) -> Followed:
    """Choose the greatest score at each step, and go on with the model's token, so that one tie is no other text."""
    inputs, ties = dict(first), 0
    for step in range(tokens.shape[1]):
        answers = run(inputs)
        chosen = answers["logits"][:, -1].argmax(axis=-1)
        for row in np.flatnonzero(chosen != tokens[:, step]):
            if not _is_tie(scores[row, step], tokens[row, step], chosen[row], limit):
                where = f"token {step + 1} of text {row + 1}"
                return Followed(ties, f"{where} is {chosen[row]} instead of {tokens[row, step]}")
            ties += 1
        inputs = _next(inputs, answers, tokens[:, step])
    return Followed(ties, "")


def _is_tie(scores: Array, best: int, other: int, limit: Limit) -> bool:
    """Whether rounding within the limits, one score down and the other up, may change their order."""
    scores = scores.astype(np.float64)
    allowed = 2 * limit.atol + limit.rtol * (abs(scores[best]) + abs(scores[other]))
    return bool(scores[best] - scores[other] <= allowed)


def _next(inputs: Mapping[str, Array], answers: Mapping[str, Array], tokens: Array) -> dict[str, Array]:
    mask = np.concatenate([inputs["attention_mask"], np.ones_like(inputs["attention_mask"][:, :1])], axis=1)
    new = {"input_ids": tokens[:, None].astype(np.int64), "position_ids": mask.sum(axis=1, keepdims=True) - 1}
    if not any(name.startswith(PAST) for name in inputs):
        whole = {name: np.concatenate([inputs[name], new[name]], axis=1) for name in new if name in inputs}
        return {**whole, "attention_mask": mask}
    cache = {f"{PAST}{name[len(PRESENT) :]}": value for name, value in answers.items() if name.startswith(PRESENT)}
    return {name: value for name, value in {**new, "attention_mask": mask, **cache}.items() if name in inputs}


def check(followed: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Check:
    """One line on all texts: what was asked for, and what came of it."""
    for said, found in followed:
        if found["difference"]:
            detail = f"batch {said['batch']}: {found['difference']}"
            return Check(name="generation", passed=False, detail=detail)
    batches = " and ".join(
        f"{said['batch']}{' with left padding' if said['padding'] == 'left' else ''}" for said, _ in followed
    )
    ties = sum(int(found["ties"]) for _, found in followed)
    close = f", but for {ties} whose scores are equal within the limits" if ties else ""
    detail = f"{followed[0][0]['tokens']} tokens, one after the other, batch {batches}, the same as PyTorch's{close}"
    return Check(name="generation", passed=True, detail=detail)
