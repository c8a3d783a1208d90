"""Which sizes to try on an axis of a module that only its example inputs describe; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Sizes = dict[str, int]  # the name of a dynamic axis to its size

_SAMPLE = (3, 7, 11, 13, 17, 19, 23)
_CASES_OF_AN_AXIS = 2


def for_cases(axis: str, own: int, batch_sizes: Sequence[int], lengths: Sequence[int]) -> tuple[int, ...]:
    """Sizes that may prove an axis, the wanted ones first; `own` is the example's."""
    multiples = (2 * own, own + 1, 3 * own, max(1, own // 2))
    wanted = tuple(batch_sizes) if is_batch(axis) else (*lengths, *multiples) if _is_length(axis) else multiples
    return tuple(dict.fromkeys(size for size in (*wanted, *multiples) if size != own))


def most_cases(axis: str, batch_sizes: Sequence[int]) -> int:
    """How many of them are enough."""
    return len(batch_sizes) if is_batch(axis) else _CASES_OF_AN_AXIS


def for_sample(axis: str, own: int, used: Sequence[int]) -> Iterator[int]:
    """Sizes for the export itself: unlike every case's and every other axis's, at best a prime."""
    multiples = (own + 3, 3 * own, 4 * own, 5 * own, own + 1, 2 * own)
    candidates = (*_SAMPLE, *multiples) if is_batch(axis) or _is_length(axis) else (*multiples, *_SAMPLE)
    yield from (size for size in candidates if size not in used and size > 1)
    yield from (size for size in used if size > 1)


def is_batch(axis: str) -> bool:
    """Whether an axis counts the examples of a batch, by its name."""
    return "batch" in axis.lower()


def describe(sizes: Sizes) -> str:
    """For people: `batch 2, time 14`."""
    return ", ".join(f"{axis.replace('batch_size', 'batch')} {size}" for axis, size in sizes.items())


def _is_length(axis: str) -> bool:
    return any(word in axis.lower() for word in ("seq", "len", "time", "token"))
