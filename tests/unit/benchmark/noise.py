"""Latencies as disturbed machines give them, drawn: rounds of base, head and twin with a known ratio between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Dice = np.random.Generator
_CALLS = 8


def _sessions(dice: Dice, rounds: int) -> Array:
    """Each session has its luck, and one in twelve is off by a tenth: where its memory happens to lie."""
    shape = (rounds, 3, 1)
    unlucky = 0.1 * (dice.random(shape) < 1 / 12)
    return _calm(dice, rounds) * (1 + dice.normal(0, 0.01, shape) + unlucky)


def _calm(dice: Dice, rounds: int) -> Array:
    return 1 + np.abs(dice.normal(0, 0.02, (rounds, 3, _CALLS)))


def _drift(dice: Dice, rounds: int) -> Array:
    """The machine becomes slower by half from the first round to the last."""
    return _calm(dice, rounds) * np.linspace(1, 1.5, rounds)[:, None, None]


def _heavy_tails(dice: Dice, rounds: int) -> Array:
    """One call in three is interrupted, some of them for long."""
    interrupted = dice.random((rounds, 3, _CALLS)) < 1 / 3
    return _calm(dice, rounds) + interrupted * dice.pareto(1.0, (rounds, 3, _CALLS))


def _autocorrelated(dice: Dice, rounds: int) -> Array:
    """A slow wave runs through calls in the order of time, the files in turns."""
    steps = dice.normal(0, 0.01, rounds * _CALLS * 3)
    wave = np.zeros_like(steps)
    for place in range(1, len(steps)):
        wave[place] = 0.97 * wave[place - 1] + steps[place]
    in_turns = np.exp(wave).reshape(rounds, _CALLS, 3).swapaxes(1, 2)
    return _calm(dice, rounds) * in_turns


def _load(dice: Dice, rounds: int) -> Array:
    """Another process takes the processor for whole sessions now and then, and for single calls always."""
    sessions = np.where(dice.random((rounds, 3, 1)) < 0.15, dice.uniform(1.2, 2, (rounds, 3, 1)), 1)
    calls = np.where(dice.random((rounds, 3, _CALLS)) < 0.5, 2, 1)
    return _calm(dice, rounds) * sessions * calls


NOISES: dict[str, Callable[[Dice, int], Array]] = {
    "calm": _calm,
    "sessions": _sessions,
    "drift": _drift,
    "heavy tails": _heavy_tails,
    "autocorrelated": _autocorrelated,
    "load": _load,
}


def rounds_of(noise: str, dice: Dice, rounds: int, ratio: float = 1.0) -> list[dict[str, Any]]:
    """Rounds in which the candidate takes `ratio` times as long."""
    drawn = NOISES[noise](dice, rounds) * np.array([1.0, ratio, 1.0])[:, None]
    return [dict(zip(("base", "head", "twin"), each.tolist(), strict=True)) for each in drawn]
