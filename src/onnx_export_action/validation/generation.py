"""Let a decoder's file write a text token by token, and hold it to the model's own; pure NumPy.

A file with a cache gets the new token and the cache of the step before, one without gets the whole text again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.validation import case_values
from onnx_export_action.validation.parity import Limit
from onnx_export_action.validation.written import PAST, PRESENT

Array = NDArray[Any]
Run = Callable[[dict[str, Array]], Mapping[str, Array]]
Writer = Generator[Array, Array, None]  # takes a token for each text, gives the scores of the next


@dataclass(frozen=True)
class Followed:
    """How many tokens were as good as the model's by its own scores, and the first that was not; empty without one."""

    ties: int
    difference: str


@dataclass(frozen=True)
class Parts:
    """The files of an encoder-decoder, each as a call."""

    encoder: Run
    decoder: Run
    step: Run


@dataclass(frozen=True)
class Said:
    """What the model said: from which tokens it started, the tokens that followed, and their scores."""

    start: Array
    tokens: Array
    scores: Array


def said(file: str) -> tuple[dict[str, Array], Said]:
    """What the first call takes, and what the model said to it, as an exporting worker wrote them."""
    values = case_values.mapped(file)
    return case_values.read(file)[0], Said(values["start"], values["tokens"], values["scores"])


def follow(run: Run, first: Mapping[str, Array], tokens: Array, scores: Array, limit: Limit) -> Followed:
    """Let one file write on, and hold it to the model's tokens."""
    return _follow(_on(run, first), tokens, scores, limit)


def follow_parts(parts: Parts, source: Mapping[str, Array], said: Said, limit: Limit) -> Followed:
    """Let encoder, decoder and decoder with past write together, and hold them to the model's tokens."""
    return _follow(_from(parts, source, said.start), said.tokens, said.scores, limit)


def _follow(write: Writer, tokens: Array, scores: Array, limit: Limit) -> Followed:
    """Choose the greatest score at each step, and go on with the model's token, so that one tie is no other text."""
    ties = 0
    for step, logits in enumerate(_steps(write, tokens)):
        chosen = logits.argmax(axis=-1)
        for row in np.flatnonzero(chosen != tokens[:, step]):
            if not _is_tie(scores[row, step], tokens[row, step], chosen[row], limit):
                where = f"token {step + 1} of text {row + 1}"
                return Followed(ties, f"{where} is {chosen[row]} instead of {tokens[row, step]}")
            ties += 1
    return Followed(ties, "")


def scores(run: Run, first: Mapping[str, Array], tokens: Array) -> Array:
    """What one file would choose each of the model's tokens by: texts, tokens, vocabulary."""
    return np.stack(list(_steps(_on(run, first), tokens)), axis=1)


def scores_of_parts(parts: Parts, source: Mapping[str, Array], start: Array, tokens: Array) -> Array:
    """The same for encoder, decoder and decoder with past."""
    return np.stack(list(_steps(_from(parts, source, start), tokens)), axis=1)


def _steps(write: Writer, tokens: Array) -> Iterator[Array]:
    """The scores of each token, once the model's own before it are written."""
    logits = next(write)
    for step in range(tokens.shape[1]):
        yield logits[:, -1]
        if step + 1 < tokens.shape[1]:
            logits = write.send(tokens[:, step])


def _on(run: Run, first: Mapping[str, Array]) -> Writer:
    inputs = dict(first)
    while True:
        answers = run(inputs)
        tokens = yield answers["logits"]
        inputs = _next(inputs, answers, tokens)


def _from(parts: Parts, source: Mapping[str, Array], start: Array) -> Writer:
    mask = {"encoder_attention_mask": source["attention_mask"]} if "attention_mask" in source else {}
    hidden = parts.encoder(dict(source))["last_hidden_state"]
    answers = parts.decoder({**mask, "input_ids": start.astype(np.int64), "encoder_hidden_states": hidden})
    cache: dict[str, Array] = {}
    while True:
        # Keys and values of the source come once, those of the text with each step.
        cache |= _past(answers)
        tokens = yield answers["logits"]
        answers = parts.step({**mask, "input_ids": tokens[:, None].astype(np.int64), **cache})


def _past(answers: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{PAST}{name[len(PRESENT) :]}": value for name, value in answers.items() if name.startswith(PRESENT)}


def _is_tie(scores: Array, best: int, other: int, limit: Limit) -> bool:
    wide = scores.astype(np.float64)
    return bool(limit.may_turn(wide[best], wide[other]))


def _next(inputs: Mapping[str, Array], answers: Mapping[str, Array], tokens: Array) -> dict[str, Array]:
    mask = np.concatenate([inputs["attention_mask"], np.ones_like(inputs["attention_mask"][:, :1])], axis=1)
    new = {"input_ids": tokens[:, None].astype(np.int64), "position_ids": mask.sum(axis=1, keepdims=True) - 1}
    if not any(name.startswith(PAST) for name in inputs):
        whole = {name: np.concatenate([inputs[name], new[name]], axis=1) for name in new if name in inputs}
        return {**whole, "attention_mask": mask}
    return {name: value for name, value in {**new, "attention_mask": mask, **_past(answers)}.items() if name in inputs}
