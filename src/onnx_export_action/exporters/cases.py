"""Which inputs prove a file: sizes that the export never saw, padding on both sides, the longest that fits.

Pure and standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Padding = Literal["none", "right", "left", "between"]

_LONG, _LONGEST = 128, 2048
_WITHOUT_TABLE = 131
_SAMPLE_BATCHES = (3, 7, 13, 17)
_SAMPLE_LENGTHS = (13, 19, 23, 29, 11, 5, 3, 2)
_SAMPLE_PAST = 17
_PASTS = (3, 11, 29)
_PAST_OF_SEVERAL = 23
_BETWEEN_LENGTH = 17
_MANY = 9  # as many rows as tokens: a shape does not tell which is which; beyond 8 rows, where some files go wrong
_VOCABULARY_LENGTH = 61
_SPREAD = 480


@dataclass(frozen=True)
class Case:
    """The sizes of one set of inputs; images and sound read `batch` and what concerns them."""

    batch: int
    sequence: int
    padding: Padding = "none"
    scale: float = 1.0  # of height and width, or of the length of a sound
    wide: float = 1.0  # width over height of an image, beside the model's own
    past: int = 0  # positions that a cache holds already
    source: int = 0  # positions of the text that an encoder has read, where a decoder alone is run
    vocabulary: int = 0  # how many of its ids the tokens are, spread evenly from the first to the last
    optional: bool = False  # left out where the model itself refuses it, so that no file has to take it

    @property
    def timed(self) -> bool:
        """Whether such a size says something of the cost: not the corners, nor more than one text of ids."""
        return not self.optional and self.vocabulary < self.sequence < 2 * _LONG


@dataclass(frozen=True)
class Reach:
    """How far a model of text can be taken: its longest text, its vocabulary, and the tokens a case can afford.

    A spread of ids comes with the longest text. The whole vocabulary is for a file whose table of tokens is not the
    model's own.
    """

    longest: int | None
    farthest: int = 0  # the greatest distance that positions tell apart, where there is no table or a shorter window
    vocabulary: int = 0
    affordable: int = _LONGEST

    @property
    def tried(self) -> int:
        """The length of the longest case: to the end, else as far as one can."""
        return min(self._end, max(_WITHOUT_TABLE, self.affordable))

    @property
    def alone(self) -> bool:
        """Whether the longest text, which does not reach the end, is hardly longer than a long one: it is both then."""
        return self.tried < min(self._end, 2 * _LONG)

    @property
    def _end(self) -> int:
        return min(self.longest or max(_WITHOUT_TABLE, self.farthest), _LONGEST)

    @property
    def spread(self) -> int:
        """How many ids of the vocabulary every file is tried with."""
        return min(self.most, _SPREAD)

    @property
    def holds(self) -> bool:
        """Whether the longest text has the places for them."""
        return self.spread < self.tried

    @property
    def most(self) -> int:
        """How many ids one can afford to try; one place of a text is the end token's."""
        return min(self.vocabulary, max(1, self.affordable - 1))

    @property
    def left(self) -> str:
        """What is not tried of the vocabulary then; empty where all of it is."""
        if self.most == self.vocabulary:
            return ""
        return f"{self.most:,} of the {self.vocabulary:,} token ids were tried, spread evenly."

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not tried because it costs too much."""
        if self.longest is None or self.tried >= self.longest:
            return ()
        return (f"Texts of more than {self.tried:,} tokens were not tried; the model takes {self.longest:,}.",)


def sample(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], longest: int | None) -> Case:
    """The inputs of the export itself: primes that no case of the proof uses, so no size is baked in unseen."""
    batch = next((size for size in _SAMPLE_BATCHES if size not in batch_sizes), max(batch_sizes) + 1)
    fitting = [length for length in _SAMPLE_LENGTHS if longest is None or length <= longest]
    unused = [length for length in fitting if length not in lengths]
    return Case(batch, (unused or fitting or [1])[0])


def for_text(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], reach: Reach) -> tuple[Case, ...]:
    """Every batch by every length, padded rows wherever there is more than one; then the corners."""
    longest = reach.longest
    fitting = tuple(dict.fromkeys(min(length, longest or length) for length in lengths))
    grid = [Case(batch, length, "right" if batch > 1 else "none") for batch in batch_sizes for length in fitting]
    several = min((size for size in batch_sizes if size > 1), default=max(batch_sizes))
    left = Case(several, max(fitting), "left")
    between = Case(several, min(_BETWEEN_LENGTH, longest or _BETWEEN_LENGTH), "between", optional=True)
    return _distinct([*grid, left, _long_text(batch_sizes, reach), between, *_corners(batch_sizes, reach)])


def _long_text(batch_sizes: tuple[int, ...], reach: Reach) -> Case:
    """What is timed of long texts; the longest itself where that stands alone, which no model may refuse then."""
    if reach.alone:
        return replace(_longest(batch_sizes, reach), optional=False)
    return Case(min(batch_sizes), min(reach.longest or _LONG, _LONG))


def _distinct(cases: list[Case]) -> tuple[Case, ...]:
    """The first of those that have the same sizes."""
    return tuple({replace(case, optional=False): case for case in reversed(cases)}.values())[::-1]


def _corners(batch_sizes: tuple[int, ...], reach: Reach) -> list[Case]:
    """One token, many rows, the longest text, the vocabulary where that text does not hold it."""
    corners = [Case(min(batch_sizes), 1, optional=True), _longest(batch_sizes, reach)]
    if max(batch_sizes) > 1:
        corners.insert(1, Case(_MANY, min(_MANY, reach.longest or _MANY), "left"))
    if reach.spread and max(batch_sizes) > 1 and not reach.holds:
        corners.append(_tokens(reach.spread, reach))
    return corners


def _longest(batch_sizes: tuple[int, ...], reach: Reach) -> Case:
    return Case(min(batch_sizes), reach.tried, vocabulary=reach.spread if reach.holds else 0, optional=True)


def every_token(reach: Reach, answers: bool = False) -> Case | None:
    """The vocabulary beyond the spread, as much as can be afforded; `answers` where a decoder alone reads it."""
    if reach.most <= reach.spread:
        return None
    return (_long if answers else _tokens)(reach.most, reach)


def _tokens(count: int, reach: Reach) -> Case:
    length = min(_VOCABULARY_LENGTH, reach.longest or _VOCABULARY_LENGTH)
    rows = -(-count // max(1, length - 1))  # the last place of each row is the end token's
    return Case(rows, length, vocabulary=count)


def _long(count: int, reach: Reach) -> Case:
    rows = max(1, -(-count // reach.tried))
    return Case(rows, reach.tried, vocabulary=min(rows * reach.tried, reach.vocabulary))


def sample_with_past(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], longest: int | None) -> Case:
    """The export's own inputs for a decoder with a cache: padding and past in one, no size in two places."""
    alone = sample(batch_sizes, lengths, longest and max(1, longest - 2))
    past = _SAMPLE_PAST if longest is None else min(_SAMPLE_PAST, max(1, longest - alone.sequence))
    return replace(alone, padding="left", past=past)


def with_past(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], reach: Reach) -> tuple[Case, ...]:
    """A prompt at every batch and length, one step after pasts of several lengths, several steps at once, a long past.

    Rows of a batch are padded on the left, where a cache needs it; one prompt is padded on the right.
    """
    limit = reach.longest or _LONG
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
    long = Case(min(batch_sizes), 1, past=max(1, reach.tried - 1))
    return _distinct([*prompts, right, *steps, more, long, *_corners(batch_sizes, reach)])


def _left(batch: int) -> Padding:
    return "left" if batch > 1 else "none"


def for_images(batch_sizes: tuple[int, ...]) -> tuple[Case, ...]:
    """Every batch at the model's own size, and a larger and a wider image where the model accepts them."""
    least = min(batch_sizes)
    others = (Case(least, 1, scale=1.5, optional=True), Case(least, 1, wide=2.0, optional=True))
    return (*(Case(batch, 1) for batch in batch_sizes), *others)


def with_images(batch_sizes: tuple[int, ...], lengths: tuple[int, ...]) -> tuple[Case, ...]:
    """A text with a larger and one with a wider image, where the model accepts them."""
    least, length = min(batch_sizes), max(lengths)
    return (Case(least, length, scale=1.5, optional=True), Case(least, length, wide=2.0, optional=True))


def for_sound(batch_sizes: tuple[int, ...], lengths: tuple[int, ...], answers: Reach | None = None) -> tuple[Case, ...]:
    """Every batch at the model's own length, and shorter and longer sounds.

    `lengths` are those of a decoder's text; where there is one, a case goes to its end, through the vocabulary.
    """
    sequences = [lengths[index % len(lengths)] for index in range(len(batch_sizes))]
    grid = [Case(batch, length) for batch, length in zip(batch_sizes, sequences, strict=True)]
    shorter = Case(max(batch_sizes), max(lengths), scale=0.7, optional=True)
    longer = Case(min(batch_sizes), min(lengths), scale=1.3, optional=True)
    return (*grid, shorter, longer, *([longest_answer(answers)] if answers else []))


def longest_answer(reach: Reach) -> Case:
    """A decoder's text to its last position, with every token of the vocabulary in its turn."""
    return _long(reach.spread, reach)


def describe(case: Case) -> str:
    """A text case for people: `batch 2, sequence 33, right padding`."""
    padding = {"none": "", "between": ", padding in between"}.get(case.padding, f", {case.padding} padding")
    past = f", past {case.past}" if case.past else ""
    source = f", source {case.source}" if case.source else ""
    words = f", {case.vocabulary:,} token ids" if case.vocabulary else ""
    return f"batch {case.batch}, sequence {case.sequence}{past}{source}{padding}{words}{scaled(case)}"


def scaled(case: Case) -> str:
    """How an image or a sound differs from the usual one: `, 1.5 times the usual size`."""
    size = "" if case.scale == 1.0 else f", {case.scale:g} times the usual size"
    return size + ("" if case.wide == 1.0 else f", {case.wide:g} times as wide")
