"""A text written on by a file: the model's tokens, ties aside, through a cache or from the whole text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onnx_export_action.validation import generation, written
from onnx_export_action.validation.parity import Limit

Array = NDArray[Any]
EXACT = Limit(1e-6, 1e-6)
WORDS, WIDTH = 23, 6
KEYS = "past_key_values.0.key"

_RANDOM = np.random.default_rng(7)
EMBEDDING, HEAD = _RANDOM.normal(size=(WORDS, WIDTH)), _RANDOM.normal(size=(WIDTH, WORDS))


def decoder(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Attends to everything that the mask shows, weighted by its place; with a cache where it is given one."""
    new = EMBEDDING[inputs["input_ids"]] * np.cos(inputs["position_ids"])[..., None]
    keys = np.concatenate([inputs[KEYS], new[:, None]], axis=2) if KEYS in inputs else new[:, None]
    seen = (keys[:, 0] * inputs["attention_mask"][..., None]).cumsum(axis=1)[:, -new.shape[1] :]
    present = {"present.0.key": keys} if KEYS in inputs else {}
    return {"logits": np.tanh(seen) @ HEAD, **present}


def prompt(cache: bool) -> dict[str, Array]:
    mask = np.array([[1, 1, 1, 1], [0, 0, 1, 1]])
    positions = np.array([[0, 1, 2, 3], [1, 1, 0, 1]])
    given = {"input_ids": np.array([[3, 1, 4, 1], [0, 0, 5, 9]]), "attention_mask": mask, "position_ids": positions}
    return {**given, **({KEYS: np.zeros((2, 1, 0, WIDTH))} if cache else {})}


def said(steps: int = 8) -> tuple[Array, Array]:
    """What the decoder says when the whole text is given anew, and its scores."""
    inputs, tokens, scores = prompt(cache=False), [], []
    for _ in range(steps):
        scores.append(decoder(inputs)["logits"][:, -1])
        tokens.append(scores[-1].argmax(axis=-1))
        mask = np.concatenate([inputs["attention_mask"], [[1], [1]]], axis=1)
        inputs = {
            "input_ids": np.concatenate([inputs["input_ids"], tokens[-1][:, None]], axis=1),
            "attention_mask": mask,
            "position_ids": np.concatenate([inputs["position_ids"], mask.sum(1, keepdims=True) - 1], axis=1),
        }
    return np.stack(tokens, axis=1), np.stack(scores, axis=1)


@pytest.mark.parametrize("cache", [True, False])
def test_follow__the_same_text(cache: bool) -> None:
    assert generation.follow(decoder, prompt(cache), *said(), EXACT) == generation.Followed(0, "")


@pytest.mark.parametrize("cache", [True, False])
def test_follow__never_runs_what_the_file_was_not_given(cache: bool) -> None:
    asked: list[set[str]] = []

    def run(inputs: dict[str, Array]) -> dict[str, Array]:
        asked.append(set(inputs))
        return decoder(inputs)

    generation.follow(run, prompt(cache), *said(), EXACT)
    assert asked == [set(prompt(cache))] * 8


def without_mask(inputs: Mapping[str, Array]) -> dict[str, Array]:
    return decoder({**inputs, "attention_mask": np.ones_like(inputs["attention_mask"])})


def from_the_first_place(inputs: Mapping[str, Array]) -> dict[str, Array]:
    return decoder({**inputs, "position_ids": inputs["position_ids"] * 0 + np.arange(inputs["input_ids"].shape[1])})


def forgetful(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The last key of the past stands where the new one should."""
    answers, past = decoder(inputs), inputs[KEYS]
    repeated = np.concatenate([past, past[:, :, -1:]], axis=2)
    return {**answers, "present.0.key": repeated} if past.shape[2] else answers


@pytest.mark.parametrize(
    ("broken", "text"), [(without_mask, "text 2"), (from_the_first_place, "text"), (forgetful, "text")]
)
def test_follow__tells_the_first_token_that_is_another(broken: generation.Run, text: str) -> None:
    found = generation.follow(broken, prompt(cache=True), *said(), EXACT)
    assert found.difference.startswith("token ")
    assert text in found.difference


def test_follow__a_tie_is_no_other_text() -> None:
    tokens, scores = said()
    second = scores[0, 2].argsort()[-2]

    def run(inputs: dict[str, Array]) -> dict[str, Array]:
        answers = decoder(inputs)
        if inputs[KEYS].shape[2] == 5:
            answers["logits"][0, -1, [tokens[0, 2], second]] = answers["logits"][0, -1, [second, tokens[0, 2]]]
        return answers

    told_apart = generation.follow(run, prompt(cache=True), tokens, scores, EXACT)
    assert told_apart.difference == f"token 3 of text 1 is {second} instead of {tokens[0, 2]}"
    scores[0, 2, second] = scores[0, 2, tokens[0, 2]] - 1e-7
    assert generation.follow(run, prompt(cache=True), tokens, scores, EXACT) == generation.Followed(1, "")


def encode(inputs: Mapping[str, Array]) -> dict[str, Array]:
    return {"last_hidden_state": EMBEDDING[inputs["input_ids"]] * inputs["attention_mask"][..., None]}


def start(inputs: Mapping[str, Array]) -> dict[str, Array]:
    source = inputs["encoder_hidden_states"]
    own = EMBEDDING[inputs["input_ids"]]
    answers = {"present.0.decoder.key": own[:, None], "present.0.encoder.key": source[:, None]}
    return {"logits": np.tanh(own.cumsum(1) + source.sum(1, keepdims=True)) @ HEAD, **answers}


def step(inputs: Mapping[str, Array]) -> dict[str, Array]:
    past, source = inputs["past_key_values.0.decoder.key"], inputs["past_key_values.0.encoder.key"]
    own = np.concatenate([past, EMBEDDING[inputs["input_ids"]][:, None]], axis=2)
    mask = inputs["encoder_attention_mask"][:, None, :, None]
    seen = own.cumsum(2)[:, 0, -1:] + (source * mask).sum(2)
    return {"logits": np.tanh(seen) @ HEAD, "present.0.decoder.key": own}


SPOKEN = {"input_ids": np.array([[3, 1, 4], [5, 9, 0]]), "attention_mask": np.array([[1, 1, 1], [1, 1, 0]])}


def spoken(steps: int = 8) -> generation.Said:
    """What the three say when the first decoder reads the whole answer anew at each step."""
    ids, scores = np.array([[2], [2]]), []
    for _ in range(steps):
        scores.append(
            start({"input_ids": ids, "encoder_hidden_states": encode(SPOKEN)["last_hidden_state"]})["logits"][:, -1]
        )
        ids = np.concatenate([ids, scores[-1].argmax(-1)[:, None]], axis=1)
    return generation.Said(ids[:, :1], ids[:, 1:], np.stack(scores, axis=1))


def test_follow_parts__the_same_text() -> None:
    parts = generation.Parts(encode, start, step)
    assert generation.follow_parts(parts, SPOKEN, spoken(), EXACT) == generation.Followed(0, "")


@pytest.mark.parametrize(
    ("broken", "token"),
    [
        (
            generation.Parts(lambda given: {"last_hidden_state": -encode(given)["last_hidden_state"]}, start, step),
            "token 1 ",
        ),
        (generation.Parts(encode, lambda given: {**start(given), "logits": -start(given)["logits"]}, step), "token 1 "),
        (generation.Parts(encode, start, lambda given: {**step(given), "logits": -step(given)["logits"]}), "token 2 "),
    ],
    ids=["encoder", "decoder", "step"],
)
def test_follow_parts__tells_where_they_part(broken: generation.Parts, token: str) -> None:
    assert generation.follow_parts(broken, SPOKEN, spoken(), EXACT).difference.startswith(token)


SAID = [{"batch": 1, "tokens": 20, "padding": "none"}, {"batch": 3, "tokens": 20, "padding": "left"}]


@pytest.mark.parametrize(
    ("found", "passed", "detail"),
    [
        (
            [(0, ""), (0, "")],
            True,
            "20 tokens, one after the other, batch 1 and 3 with left padding, the same as PyTorch's",
        ),
        (
            [(1, ""), (2, "")],
            True,
            "20 tokens, one after the other, batch 1 and 3 with left padding, the same as PyTorch's, "
            "but for 3 whose scores are equal within the limits",
        ),
        ([(0, ""), (0, "token 2 of text 3 is 5 instead of 7")], False, "batch 3: token 2 of text 3 is 5 instead of 7"),
    ],
)
def test_check__one_line(found: list[tuple[int, str]], passed: bool, detail: str) -> None:
    each = [(said, {"ties": ties, "difference": parted}) for said, (ties, parted) in zip(SAID, found, strict=True)]
    check = written.check(each)
    assert (check.name, check.passed, check.detail) == ("generation", passed, detail)
