"""Which node of the base is which node of the candidate, by structure alone.

Nodes that compute the same from the inputs on are paired, then those that serve the same up to the outputs: an edit
leaves all above it in the first set and all below it in the second. Each new pair spreads to its neighbours. What is
left between two edits is aligned in canonical order, so that repeated layers stay in step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from onnx_export_action.comparison.flat import Flat
from onnx_export_action.comparison.graph.align import align
from onnx_export_action.comparison.graph.labels import Labels, Level, Numbering

_LEVELS: tuple[Level, ...] = ("values", "names", "strict", "loose")


@dataclass
class Side:
    """One graph with its edges, by node index."""

    flat: Flat
    producer: dict[str, int] = field(init=False)
    consumers: dict[str, list[tuple[int, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self.producer = {name: index for index, node in enumerate(self.flat.nodes) for name in node.outputs if name}
        self.consumers = defaultdict(list)
        for index, node in enumerate(self.flat.nodes):
            for place, name in enumerate(node.inputs):
                self.consumers[name].append((index, place))


class Matching:
    """The pairs, in both directions: node index of the base to that of the candidate."""

    def __init__(self, base: Flat, head: Flat) -> None:
        self.base, self.head = Side(base), Side(head)
        self.to_head: dict[int, int] = {}
        self.to_base: dict[int, int] = {}
        numbering = Numbering()
        for level in _LEVELS:
            if self.only_in_base and self.only_in_head:
                self._pair_equal(Labels(base, level, numbering), Labels(head, level, numbering))
        for level in _LEVELS[-2:]:
            if self.only_in_base and self.only_in_head:
                self._pair_aligned(Labels(base, level, numbering), Labels(head, level, numbering))

    @property
    def only_in_base(self) -> list[int]:
        """Nodes without a partner, in canonical order."""
        return [index for index in range(len(self.base.flat.nodes)) if index not in self.to_head]

    @property
    def only_in_head(self) -> list[int]:
        """Nodes without a partner, in canonical order."""
        return [index for index in range(len(self.head.flat.nodes)) if index not in self.to_base]

    def _pair_equal(self, base: Labels, head: Labels) -> None:
        above, below = (base.ancestors(), head.ancestors()), (base.descendants(), head.descendants())
        both = [list(zip(*numbers, strict=True)) for numbers in zip(above, below, strict=True)]
        # A computation that is there twice on one side only says little: what serves the same decides before it.
        for (of_base, of_head), even in ((both, False), (above, True), (below, True), (above, False), (below, False)):
            left, right = _by_number(of_base, self.to_head), _by_number(of_head, self.to_base)
            for number in left:
                if number in right and (not even or len(left[number]) == len(right[number])):
                    self._pair_in_order(left[number], right[number], base, head)

    def _pair_in_order(self, left: list[int], right: list[int], base: Labels, head: Labels) -> None:
        """Alike nodes in canonical order; one that another pair has led to meanwhile is passed over."""
        free = iter(right)
        for one in left:
            if one not in self.to_head:
                other = next((index for index in free if index not in self.to_base), None)
                if other is None:
                    return
                self._pair(one, other, base, head)

    def _pair_aligned(self, base: Labels, head: Labels) -> None:
        left, right = self.only_in_base, self.only_in_head
        pairs = align([base.nodes[index] for index in left], [head.nodes[index] for index in right])
        for one, other in pairs:
            if left[one] not in self.to_head and right[other] not in self.to_base:
                self._pair(left[one], right[other], base, head)

    def _pair(self, base: int, head: int, of_base: Labels, of_head: Labels) -> None:
        """This pair, and those that follow from it along the edges."""
        waiting = [(base, head)]
        while waiting:
            one, other = waiting.pop()
            if one in self.to_head or other in self.to_base or of_base.nodes[one] != of_head.nodes[other]:
                continue
            self.to_head[one], self.to_base[other] = other, one
            waiting += self._producers(one, other)
            waiting += self._only_consumers(one, other)

    def _producers(self, one: int, other: int) -> list[tuple[int, int]]:
        inputs = zip(self.base.flat.nodes[one].inputs, self.head.flat.nodes[other].inputs, strict=False)
        return [
            (self.base.producer[left], self.head.producer[right])
            for left, right in inputs
            if left in self.base.producer and right in self.head.producer
        ]

    def _only_consumers(self, one: int, other: int) -> list[tuple[int, int]]:
        """The nodes that alone read an output: with several, which is which is decided elsewhere."""
        outputs = zip(self.base.flat.nodes[one].outputs, self.head.flat.nodes[other].outputs, strict=False)
        reading = [(self.base.consumers.get(left, []), self.head.consumers.get(right, [])) for left, right in outputs]
        return [
            (left[0][0], right[0][0])
            for left, right in reading
            if len(left) == len(right) == 1 and left[0][1] == right[0][1]
        ]


def _by_number(numbers: Sequence[Hashable], paired: dict[int, int]) -> dict[Hashable, list[int]]:
    """The unpaired nodes of each number, in canonical order."""
    found: dict[Hashable, list[int]] = {}
    for index, number in enumerate(numbers):
        if index not in paired:
            found.setdefault(number, []).append(index)
    return found
