"""Which inputs prove a file: sizes that the export never saw, padding on both sides, the longest that fits.

Pure and standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Padding = Literal["none", "right", "left"]

_LONGEST = 128
_SAMPLE_BATCHES = (3, 7, 11, 13, 17)
_SAMPLE_LENGTHS = (13, 19, 23, 29, 11, 5, 3, 2)
_SAMPLE_PAST = 17
_PASTS = (3, 11, 29)
_PAST_OF_SEVERAL = 23


@dataclass(frozen=True)
class Case:
    """The sizes of one set of inputs; images and sound read `batch` and what concerns them."""

    batch: int
    sequence: int
    padding: Padding = "none"
    scale: float = 1.0  # of height and width, or of the length of a sound
    past: int = 0  # positions that a cache holds already


def sample(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], longest: int | None) -> Case:
    """The inputs of the export itself: primes that no case of the proof uses, so no size is baked in unseen."""
    batch = next((size for size in _SAMPLE_BATCHES if size not in batch_sizes), max(batch_sizes) + 1)
    fitting = [length for length in _SAMPLE_LENGTHS if longest is None or length <= longest]
    unused = [length for length in fitting if length not in lengths]
    return Case(batch, (unused or fitting or [1])[0])


def for_text(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], longest: int | None) -> tuple[Case, ...]:
    """Every batch by every length, padded rows wherever there is more than one; then left padding, and a long text."""
    fitting = tuple(dict.fromkeys(min(length, longest or length) for length in lengths))
    grid = [Case(batch, length, "right" if batch > 1 else "none") for batch in batch_sizes for length in fitting]
    several = min((size for size in batch_sizes if size > 1), default=max(batch_sizes))
    left = Case(several, max(fitting), "left")
    long = Case(min(batch_sizes), min(longest or _LONGEST, _LONGEST))
    return tuple(dict.fromkeys([*grid, left, long]))


def sample_with_past(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], longest: int | None) -> Case:
    """The export's own inputs for a decoder with a cache: padding and past in one, no size in two places."""
    alone = sample(batch_sizes, lengths, longest and max(1, longest - 2))
    past = _SAMPLE_PAST if longest is None else min(_SAMPLE_PAST, max(1, longest - alone.sequence))
    return replace(alone, padding="left", past=past)


def with_past(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], longest: int | None) -> tuple[Case, ...]:
    """A prompt at every batch and length, one step after pasts of several lengths, several steps at once, a long past.

    Rows of a batch are padded on the left, where a cache needs it; one prompt is padded on the right.
    """
    limit = longest or _LONGEST
    fitting = tuple(dict.fromkeys(min(length, limit) for length in lengths))
    several = min((size for size in batch_sizes if size > 1), default=max(batch_sizes))
    prompts = [Case(batch, length, _left(batch)) for batch in batch_sizes for length in fitting]
    right = Case(several, max(fitting), "right")
    steps = [
        Case(batch, 1, _left(batch), past=min(_PASTS[place % len(_PASTS)], limit - 1))
        for place, batch in enumerate(batch_sizes)
    ]
    at_once = min(min(lengths), max(1, limit // 3))
    more = Case(several, at_once, _left(several), past=min(_PAST_OF_SEVERAL, limit - at_once))
    long = Case(min(batch_sizes), 1, past=min(limit, _LONGEST) - 1)
    return tuple(dict.fromkeys([*prompts, right, *steps, more, long]))


def _left(batch: int) -> Padding:
    return "left" if batch > 1 else "none"


def for_images(batch_sizes: tuple[int, ...]) -> tuple[Case, ...]:
    """Every batch at the model's own size, and one larger image where the model accepts it."""
    return (*(Case(batch, 1) for batch in batch_sizes), Case(min(batch_sizes), 1, scale=1.5))


def for_sound(batch_sizes: tuple[int, ...], lengths: tuple[int, ...]) -> tuple[Case, ...]:
    """Every batch at the model's own length, and shorter and longer sounds; `lengths` are those of a decoder's text."""
    sequences = [lengths[index % len(lengths)] for index in range(len(batch_sizes))]
    grid = [Case(batch, length) for batch, length in zip(batch_sizes, sequences, strict=True)]
    return (*grid, Case(max(batch_sizes), max(lengths), scale=0.7), Case(min(batch_sizes), min(lengths), scale=1.3))


def describe(case: Case) -> str:
    """A text case for people: `batch 2, sequence 33, right padding`."""
    padding = "" if case.padding == "none" else f", {case.padding} padding"
    past = f", past {case.past}" if case.past else ""
    return f"batch {case.batch}, sequence {case.sequence}{past}{padding}"
